-- Writes the reference as one HTML page, in English or Chinese, without external resources.

local catalogue = require "wechat.catalogue"
local reference = require "docs.reference"
local types = require "meta.types"
local words = require "docs.words"
local endpoints_zh = require "docs.endpoints_zh"
local texts_zh = require "docs.texts_zh"

local style = [[
:root{color-scheme:light dark}body{background:#fff;color:#1b1b1b;font:15px/1.55 system-ui,"Noto Sans SC",sans-serif;margin:0 auto;max-width:60em;padding:1em 1.2em}
h1{font-size:1.6em}h2{margin-top:2em;border-bottom:1px solid #8886}h3{margin:1.4em 0 .2em;font-size:1em}
code,pre{font:13px/1.45 ui-monospace,"Noto Sans Mono CJK SC",monospace}pre{padding:.5em .8em;background:#8881;white-space:pre-wrap;overflow-wrap:anywhere;margin:.4em 0}
h2 code{font-size:.85em}h3 code{font-size:15px;font-weight:700}h3{margin-top:1.8em}.label{font-size:13px;font-weight:600;margin-top:.6em}
table{border-collapse:collapse;margin:.4em 0}td,th{text-align:left;vertical-align:top;padding:.1em .9em .1em 0}th{font-weight:600}
p{margin:.3em 0}[role=navigation] ul{columns:3;padding-left:1.1em}.faint,.label{color:#595959}a{color:#0a7a43}td,code{overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}a{color:#4fd18b}.faint,.label{color:#b0b0b0}}
@media(max-width:40em){[role=navigation] ul{columns:1}td{display:block}}]]

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }
local function escape(text) return (tostring(text):gsub('[&<>"]', escapes)) end

---@param methods table<string, MethodEntry>
---@param about { lang: string, version: string, keys: table[] }
---@return string
return function(methods, about)
  local chinese = about.lang == "zh"
  local out = {}
  local function put(format, ...) out[#out + 1] = format:format(...) end
  local function say(name) return escape(words.headings[name][chinese and 2 or 1]) end
  local function translate(text) return chinese and text and texts_zh(text) or text end
  local function code(text) return "<code>" .. escape(text) .. "</code>" end

  local needs_account = say("needs_account"):format(code(words.account_error))

  -- A type, in which the names of types that the page has are links.
  local function type_text(text)
    return (escape(text):gsub("%f[%a][%a][%w_.]*", function(name)
      return reference.types.by_name[name] and ('<a href="#type.%s">%s</a>'):format(name, name)
    end))
  end

  local function put_rows(title, rows)
    if #rows == 0 then return end
    put("<table><caption hidden>%s</caption>", title)
    for _, row in ipairs(rows) do put("<tr><td>%s<td>%s<td>%s", code(row[1]), type_text(row[2]), escape(row[3] or "")) end
    put("</table>")
  end

  local function parameter_rows(method, parameters)
    local rows = {}
    for i, parameter in ipairs(parameters) do
      local optional = parameter[2]:sub(-1) == "?" and (", " .. words.headings.optional[chinese and 2 or 1]) or ""
      rows[i] = { parameter[1], reference.parameter_type(method, parameter) .. optional, translate(parameter[3]) }
    end
    return rows
  end

  -- Returns how a function fails, by its return types.
  local function errors_of(returned)
    if returned:find("ApiError", 1, true) then return say("fails") end
    if returned:find("?, string?", 1, true) then return say("reason") end
    return say("raises")
  end

  local function put_method(name)
    local entry = methods[name]
    local parameters = reference.parameters(name, entry)
    put('<h3 id="wechat.%s">%s</h3>', name, code(("wechat.%s(%s)"):format(name, reference.argument_list(parameters))))
    put("<p>%s</p>", escape(chinese and words.methods[name] or entry.doc))
    put_rows(say("parameters"), parameter_rows(name, parameters))
    local returned = types.returns_of(name)
    if returned ~= "" then put("<p>%s: <code>%s</code></p>", say("returns"), type_text(returned)) end
    local endpoint = reference.endpoint_behind(name, entry)
    if endpoint then put("<p>%s</p>", say("fields_of"):format(('<a href="#wechat.%s">wechat.%s</a>'):format(endpoint.name, endpoint.name))) end
    put('<p class="faint">%s: %s</p>', say("errors"), errors_of(returned))
    put("<pre>%s</pre>", escape(reference.example(name, parameters)))
  end

  local function put_methods()
    put('<h2 id="methods">%s</h2><p>%s %s</p><p>%s</p>', say("methods"), say("forms"), say("raises"), needs_account)
    for _, name in ipairs(reference.method_names(methods)) do put_method(name) end
    for _, name in ipairs { "config", "json", "log" } do
      put('<h3 id="wechat.%s">%s</h3><p>%s</p>', name, code("wechat." .. name), escape(words.tables[name][chinese and 2 or 1]))
    end
  end

  local function put_hooks()
    put('<h2 id="hooks">%s</h2>', say("hooks"))
    for _, hook in ipairs(words.hooks) do
      put('<h3 id="%s">%s</h3><p>%s</p>', hook[1]:match("^[%w_]+"), code(hook[1]), escape(hook[chinese and 3 or 2]))
    end
    put("<pre>%s</pre>", escape('function on_message(msg)\n  if msg.type == "text" then return "你说：" .. msg.content end\nend'))
  end

  local function put_message()
    put('<h2 id="message">%s</h2><p>%s</p>', say("message"), say("capital"))
    for _, group in ipairs(reference.message_types()) do
      local title = words.headings[group[1]] and say(group[1]) or code(group[1])
      put("<h3>%s</h3>", title)
      local rows = {}
      for i, field in ipairs(group[2]) do rows[i] = { "msg." .. field[1], field[2], chinese and words.fields[field[1]] or field[3] } end
      put_rows(title, rows)
    end
  end

  local function put_menu()
    put('<h2 id="menu">%s</h2>', say("menu"))
    for _, row in ipairs(reference.menu_methods) do
      put('<h3 id="menu:%s">%s</h3><p>%s</p>', row.name, code(reference.menu_call(row)), escape(chinese and words.menu[row.name] or row.doc))
    end
    put("<pre>%s</pre>", escape('local menu = wechat.menu.new()\nmenu:click("今日歌曲", "V1001")\nlocal more = menu:sub("更多")\n' ..
      'more:view("搜索", "https://example.com/")\nwechat.menu.push(menu)'))
  end

  local function put_modules()
    put('<h2 id="modules">%s</h2>', say("modules"))
    for _, module in ipairs(reference.modules) do
      put('<h2 id="%s">%s</h2><p>%s</p>', module.name, code(module.name), escape(module.about[chinese and 2 or 1]))
      for _, row in ipairs(module.rows) do
        put("<h3>%s</h3><p>%s</p><pre>%s</pre>", code(row[1]), escape(row[chinese and 3 or 2]), escape(row[4]))
      end
    end
  end

  local function put_type(class)
    put('<h3 id="type.%s">%s</h3>', class.name, code(class.name))
    if class.about ~= "" then put("<p>%s</p>", escape(translate(class.about))) end
    if class.parent then put("<p>%s</p>", (say("inherits"):gsub("%%s", type_text(class.parent)))) end
    local rows = {}
    for i, row in ipairs(class.rows) do rows[i] = { row.as_called, row[2], translate(row[3]) } end
    put_rows(class.name, rows)
  end

  local function put_types()
    put('<h2 id="types">%s</h2>', say("types"))
    for _, class in ipairs(reference.types.list) do put_type(class) end
  end

  local function put_keys()
    put('<h2 id="config">%s</h2><p>%s</p><table>', say("config"), say("keys"))
    for _, key in ipairs(about.keys) do
      put('<tr id="config.%s"><td>%s<td>%s<td>%s', key.name, code(key.name), key.default and code(key.default) or "",
        escape(chinese and words.keys[key.name] or key.help))
    end
    put("</table>")
  end

  local function put_outcomes()
    put('<h2 id="log">%s</h2><p>%s</p><table>', say("log"), say("outcomes"))
    for _, outcome in ipairs(words.outcomes) do put('<tr id="outcome.%s"><td>%s<td>%s', outcome[1], code(outcome[1]), escape(outcome[chinese and 3 or 2])) end
    put("</table>")
  end

  local function field_rows(fields)
    local rows = {}
    for i, field in ipairs(fields) do
      local need = field.required and words.headings.needed[chinese and 2 or 1] or ""
      local choices = field.choices and table.concat(field.choices, "|") .. " " or ""
      rows[i] = { field.path, field.type .. (need ~= "" and ", " .. need or ""), choices .. translate(field.words) }
    end
    return rows
  end

  -- A link to the endpoint's own page of the platform's documentation, else to a search there for its path.
  local function official(endpoint)
    local page = reference.page(endpoint, about.lang)
    local url = page or "https://developers.weixin.qq.com/doc/search.html?doc_type=offiaccount&query=" .. endpoint.path
    return ('<a href="%s" rel="noreferrer">%s</a>'):format(escape(url), say(page and "official" or "official_search"))
  end

  local function put_endpoint(endpoint, doc)
    put('<h3 id="wechat.%s">%s</h3><p>%s</p>', endpoint.name, code(("wechat.%s{...}"):format(endpoint.name)), escape(doc))
    put('<p class="faint">%s %s · %s</p>', endpoint.verb, code(endpoint.path), official(endpoint))
    for _, part in ipairs { "query", "body", "returns" } do
      if #endpoint[part] > 0 then put('<p class="label">%s</p>', say(part)) end
      put_rows(say(part), field_rows(endpoint[part]))
    end
    if endpoint.note then put("<p>%s</p>", escape(translate(endpoint.note))) end
    put("<pre>%s</pre>", escape(reference.endpoint_example(endpoint)))
  end

  local function put_endpoints()
    put('<h2 id="endpoints">%s</h2><p>%s</p><p>%s</p><p>%s</p>', say("endpoints"), say("fails"), needs_account, say("links"))
    for _, group in ipairs(catalogue.groups) do
      local subject, names = catalogue.group(group)
      put('<h2 id="group.%s">%s</h2><p>%s</p>', group, code("wechat." .. group), escape(chinese and endpoints_zh.groups[group] or subject))
      for _, name in ipairs(names) do
        local endpoint = catalogue.find(group, name)
        put_endpoint(endpoint, chinese and (endpoints_zh[group] or {})[name] or endpoint.doc)
      end
    end
  end

  local function put_contents()
    put('<div role="navigation" aria-label="%s"><ul>', say("contents"))
    for _, name in ipairs { "hooks", "message", "methods", "modules", "menu", "config", "log", "types", "endpoints" } do
      put('<li><a href="#%s">%s</a>', name, say(name))
    end
    for _, group in ipairs(catalogue.groups) do put('<li><a href="#group.%s">wechat.%s</a>', group, group) end
    put("</ul></div>")
  end

  put('<!DOCTYPE html>\n<html lang="%s"><head><meta charset="utf-8"><title>%s</title>', chinese and "zh-CN" or "en", say("title"))
  put('<meta name="viewport" content="width=device-width, initial-scale=1"><style>%s</style></head><body><div role="main">', style)
  put("<h1>%s %s</h1>", say("title"), escape(about.version))
  put_contents()
  put_hooks()
  put_message()
  put_methods()
  put_modules()
  put_menu()
  put_keys()
  put_outcomes()
  put_types()
  put_endpoints()
  put("</div></body></html>\n")
  return table.concat(out, "\n")
end

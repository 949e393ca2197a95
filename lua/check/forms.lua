-- What the tables inside a call's tables may hold, where neither a class of the annotations nor a path of the catalogue
-- says so: articles, buttons, the values of a template, and what the words of a field list ("of title, digest").

local articles = require "wechat.articles"
local catalogue = require "wechat.catalogue"
local menu_types = require "wechat.menu.types"
local misread = require "wechat.misread"

---@class FormNode: FieldNode
---@field exact? boolean a name that it lacks is refused when the call is made
---@field whole? boolean it has all names that there are
---@field each? FormNode of each value, whatever its name
---@field unchecked? boolean a call takes any value here

local forms = {}

local function node_of(names)
  local node = { names = names, inside = {}, unchecked = true }
  for _, name in ipairs(names) do node.inside[name] = { names = {}, inside = {}, unchecked = true } end
  return node
end

local function whole_node_of(names)
  local node = node_of(names)
  node.whole = true
  return node
end

local function list_of(item)
  local node = node_of {}
  node.item = item
  return node
end

-- ---- articles, templates, menus

local article = whole_node_of(misread.names(articles.fields))
local reply_article = node_of(article.names)
reply_article.exact = true

local template = node_of {}
template.each = whole_node_of { "value", "color" }

local rule = whole_node_of {}
for i, row in ipairs(menu_types.rule) do
  rule.names[i] = row[1]
  rule.inside[row[1]] = node_of {}
end

-- Beside what the API creates, what it reads of a menu that was made on the website.
local button = whole_node_of { "type", "name", "sub_button", "value", "news_info",
  table.unpack(misread.names(menu_types.fields)) }
button.inside.sub_button = node_of { "list" }
button.inside.sub_button.item, button.inside.sub_button.inside.list.item = button, button

local menu = whole_node_of { "button", "matchrule", "conditionalmenu", "menu", "menuid", "selfmenu_info",
  "is_menu_open" }
menu.inside.button, menu.inside.matchrule, menu.inside.conditionalmenu = list_of(button), rule, list_of(menu)
menu.inside.menu, menu.inside.selfmenu_info = menu, menu

local of_parameter = {
  ["response_news.articles"] = list_of(reply_article), ["send_article_message.articles"] = list_of(article),
  ["send_template_message.data"] = template, ["create_menu.menu"] = menu, ["menu.conditional.matchrule"] = rule,
  ["menu.diff.old"] = menu, ["menu.diff.new"] = menu,
}
for _, method in ipairs { "new", "check", "push" } do
  of_parameter["menu." .. method .. ".menu"] = menu
  of_parameter["menu." .. method .. ".conditionalmenu"] = list_of(menu)
end

local of_field = {
  ["menu.create.button"] = list_of(button), ["menu.addconditional.button"] = list_of(button),
  ["menu.addconditional.matchrule"] = rule, ["message.template.send.data"] = template,
  ["message.subscribe.send_once.data"] = template, ["message.subscribe.bizsend.data"] = template,
}

-- ---- the words of a field

-- Returns the names of a list such as "title, photo_list[].photo_url, base_info{a, b}"; nil for other words.
local function listed(words)
  local names = {}
  for piece in words:gsub("%b{}", ""):gsub("%b()", ""):gmatch("[^,;]+") do
    local name = piece:match("^%s*([%a_][%w_]*)[%[%].%w_]*%s*$")
    if not name then return nil end
    names[#names + 1] = name
  end
  return #names > 0 and names or nil
end

local function holds_tables(field) return field.type:find("object", 1, true) or field.types.array end

local function node_of_words(field)
  local list = field.words:match("^of (.*)$") or field.words:match(" of (.*)$")
  local names = listed(list or field.words)
  if not names or (#names == 1 and not list) then return nil end
  local node = node_of(names)
  return (field.types["object[]"] or field.types.array) and list_of(node) or node
end

of_field["draft.update.articles"] = node_of_words(catalogue.endpoint("draft.add").body[1]).item

-- Puts the node at the end of the path "news.articles".
local function put(root, path, node)
  local above, last = path:match("^(.*)%.([^.]+)$")
  for name in (above or ""):gmatch("[^.]+") do
    root.inside[name] = root.inside[name] or node_of {}
    root = root.inside[name]
  end
  root.inside[last or path] = node
end

--- Returns what the parameter of a method holds; nil if that is not known.
---@param method string the name after `wechat.`
---@param parameter string
---@return FormNode?
function forms.of_parameter(method, parameter) return of_parameter[method .. "." .. parameter] end

--- Returns what is known of an endpoint's fields beside its trees. It names the insides alone.
---@param endpoint Endpoint
---@return FormNode
function forms.of_endpoint(endpoint)
  local root = node_of {}
  for _, field in ipairs(endpoint.body) do
    local is_table = holds_tables(field) and field.path:find("^%a[%w_.]*$")
    local node = is_table and (of_field[endpoint.name .. "." .. field.path] or node_of_words(field))
    if node then put(root, field.path, node) end
  end
  return root
end

-- Adds what the words of a tree's fields say of the insides that the tree lacks.
local function fill_in(node)
  for _, inner in pairs(node.inside) do
    local is_open = #inner.names == 0 and not inner.item
    local words = is_open and inner.field and holds_tables(inner.field) and node_of_words(inner.field)
    if words then inner.names, inner.inside, inner.item = words.names, words.inside, words.item end
    fill_in(inner)
    if inner.item then fill_in(inner.item) end
  end
  return node
end

--- Returns what is known of the fields that an endpoint gives: a tree of the caller's own.
---@param endpoint Endpoint
---@return FormNode
function forms.of_returns(endpoint) return fill_in(catalogue.tree(endpoint.returns)) end

return forms

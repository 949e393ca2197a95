-- Keywords: a table of answers, one text each, and what to say to all else.

local answers = {
  ["时间"] = function() return os.date("现在是 %H:%M:%S") end,
  ["地址"] = "上海市静安区南京西路 1 号",
  ["电话"] = "400-000-0000，每天 9:00 到 18:00",
}

local function list_of_keywords()
  local words = {}
  for word in pairs(answers) do words[#words + 1] = word end
  table.sort(words)
  return table.concat(words, "、")
end

function on_message(msg)
  if msg.type ~= "text" then return end
  local answer = answers[msg.content:match("^%s*(.-)%s*$")]
  if type(answer) == "function" then return answer() end
  return answer or ("可以问我：" .. list_of_keywords())
end

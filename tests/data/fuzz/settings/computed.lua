local t = {}
for i = 1, 3 do t["k" .. i] = i / 2 end
return t

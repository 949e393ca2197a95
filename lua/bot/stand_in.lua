-- In service until a script loads that did not: each message is an error that says so.

rawset(_G, "on_message", function()
  error("the script has not loaded, so nobody answers: mend it and save it; the log says what is wrong", 0)
end)

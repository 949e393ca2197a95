-- Serves until a script loads if the first one failed: raises an error for each message that says so.

rawset(_G, "on_message", function()
  error("the script has not loaded, so nobody answers: mend it and save it; the log says what is wrong", 0)
end)

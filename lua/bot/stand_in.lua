-- Serves until a script loads if the first one failed: raises an error for each message that says so.

rawset(_G, "on_message", function()
  error("the script has not loaded, so no message is answered: correct it and save it; the log names the error", 0)
end)

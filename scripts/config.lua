-- Beside the examples for a first try: with a token of your own, it is what your account's page asks for.

return {
  token = "development",
}

return {
  about = "What a sentence wants (语义理解).",
  status = "removed",
  endpoints = {
    search = {
      doc = "Says what a sentence is about.",
      call = "POST /semantic/semproxy/search",
      body = {
        "query string!", "category string! with commas", "latitude number", "longitude number",
        "city string", "region string", "appid string!", "uid string",
      },
      returns = {
        "query string", "type string", "semantic object", "result array", "answer string", "text string",
      },
      note = "Gone from the documents.",
    },
  },
}

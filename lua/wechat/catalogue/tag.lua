return {
  about = "Tags that an account puts on its followers (标签).",
  endpoints = {
    create = {
      doc = "Adds a tag.",
      call = "POST /cgi-bin/tags/create",
      body = { "tag.name string! up to 30 bytes" },
      returns = { "tag.id integer", "tag.name string" },
      note = "100 an account (45056); 45157: the name is taken, 45158: it is too long.",
    },
    list = {
      doc = "The account's tags.",
      call = "GET /cgi-bin/tags/get",
      returns = { "tags object[] of id, name, count" },
    },
    update = {
      doc = "Renames a tag.",
      call = "POST /cgi-bin/tags/update",
      body = { "tag.id integer!", "tag.name string!" },
      note = "45058: tags 0, 1 and 2 are the platform's.",
    },
    delete = {
      doc = "Removes a tag.",
      call = "POST /cgi-bin/tags/delete",
      body = { "tag.id integer!" },
      note = "45057: over 100,000 users have it.",
    },
    list_users = {
      doc = "The users with a tag.",
      call = "POST /cgi-bin/user/tag/get",
      body = { "tagid integer!", "next_openid string" },
      returns = { "count integer", "data.openid string[]", "next_openid string" },
    },
    batch_tagging = {
      doc = "Puts a tag on users.",
      call = "POST /cgi-bin/tags/members/batchtagging",
      body = { "openid_list string[]! at most 50", "tagid integer!" },
      note = "20 tags a user (45059).",
    },
    batch_untagging = {
      doc = "Takes a tag off users.",
      call = "POST /cgi-bin/tags/members/batchuntagging",
      body = { "openid_list string[]! at most 50", "tagid integer!" },
    },
    list_of_user = {
      doc = "The tags of a user.",
      call = "POST /cgi-bin/tags/getidlist",
      body = { "openid string!" },
      returns = { "tagid_list integer[]" },
    },
  },
}

return {
  about = "Groups of followers (用户分组), which tags replaced: a group's id is a tag's.",
  status = "deprecated",
  note = "Tags (wechat.tag) do this now.",
  endpoints = {
    create = {
      doc = "Adds a group.",
      call = "POST /cgi-bin/groups/create",
      body = { "group.name string! up to 30 characters" },
      returns = { "group.id integer", "group.name string" },
    },
    list = {
      doc = "The account's groups.",
      call = "GET /cgi-bin/groups/get",
      returns = { "groups object[] of id, name, count" },
    },
    get_of_user = {
      doc = "The group that a user is in.",
      call = "POST /cgi-bin/groups/getid",
      body = { "openid string!" },
      returns = { "groupid integer" },
    },
    update = {
      doc = "Renames a group.",
      call = "POST /cgi-bin/groups/update",
      body = { "group.id integer!", "group.name string!" },
    },
    move_user = {
      doc = "Moves a user to another group.",
      call = "POST /cgi-bin/groups/members/update",
      body = { "openid string!", "to_groupid integer!" },
    },
    move_users = {
      doc = "Moves up to 50 users to another group.",
      call = "POST /cgi-bin/groups/members/batchupdate",
      body = { "openid_list string[]! at most 50", "to_groupid integer!" },
    },
    delete = {
      doc = "Removes a group; its users go to group 0.",
      call = "POST /cgi-bin/groups/delete",
      body = { "group.id integer!" },
    },
  },
}

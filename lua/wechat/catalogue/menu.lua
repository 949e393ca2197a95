return {
  about = "Menus (自定义菜单), the one for all and those for some (个性化菜单).",
  endpoints = {
    create = {
      doc = "Replaces the current menu.",
      call = "POST /cgi-bin/menu/create",
      body = {
        "button object[]! up to three: name with up to five sub_button[], or name, type and what the type \z
          needs",
      },
      note = "1000 times a day; phones show it within five minutes.",
    },
    get = {
      doc = "The menus that the API created.",
      call = "GET /cgi-bin/menu/get",
      returns = {
        "menu.button array", "menu.menuid integer", "conditionalmenu object[] of button, matchrule, menuid",
      },
      note = "46003: there is none.",
    },
    delete = {
      doc = "Removes the menu, and all personalised ones.",
      call = "GET /cgi-bin/menu/delete",
      note = "1000 times a day.",
    },
    addconditional = {
      doc = "Adds a menu for the users whom a rule matches.",
      call = "POST /cgi-bin/menu/addconditional",
      body = {
        "button object[]! up to three: name with up to five sub_button[], or name, type and what the type \z
          needs",
        "matchrule object! tag_id, client_platform_type (1 iOS, 2 Android, 3 others)",
      },
      returns = { "menuid string|integer" },
      note = "The rule added last wins. Sex and region match nobody any more.",
    },
    delconditional = {
      doc = "Removes a personalised menu.",
      call = "POST /cgi-bin/menu/delconditional",
      body = { "menuid string!" },
    },
    trymatch = {
      doc = "The menu that a certain user would see.",
      call = "POST /cgi-bin/menu/trymatch",
      body = { "user_id string! openid or WeChat id" },
      returns = { "button array as wechat.menu.create takes it" },
    },
    get_current_selfmenu_info = {
      doc = "The menu in use, be it made by the API or on the website.",
      call = "GET /cgi-bin/get_current_selfmenu_info",
      returns = {
        "is_menu_open integer 0 or 1",
        "selfmenu_info.button array of type, name, key or url or value, news_info.list[], sub_button.list[]",
      },
    },
  },
}

// `msg` in the script.
#include "script_state.h"

#include "engine/boxed.h"

static State state;

static int l_to_json(lua_State *L) {
  Err err;
  Buf *text = boxed_buf(L);
  if (!value_to_json(L, 1, text, &err)) return luaL_error(L, "%s", err.text);
  lua_pushlstring(L, text->ptr, text->len);
  return 1;
}

static int l_from_json(lua_State *L) {
  Err err;
  return value_from_json(L, lua_str(L, 1), &err) ? 1 : luaL_error(L, "%s", err.text);
}

static int set_up(void **unused) {
  state_open(&state);
  lua_register(state.L, "to_json", l_to_json);
  lua_register(state.L, "from_json", l_from_json);
  lua_pushcfunction(state.L, message_value_next);
  lua_setglobal(state.L, "next");
  return 0;
}

static int tear_down(void **unused) {
  state_close(&state);
  return 0;
}

static void given(const char *xml, const char *code) {
  state_set_message(&state, xml);
  state_run(&state, code);
}

static void test_every_message_has_id_sender_account_time_type_and_raw(void **unused) {
  given(MESSAGE("text", "<Content>hi</Content><MsgId>24000000000000001</MsgId>"),
        "assert(msg.id == 24000000000000001 and math.type(msg.id) == 'integer')\n"
        "assert(msg.target == 'gh_1' and msg.source == 'oUser1' and msg.time == 1700000000 and "
        "msg.type == "
        "'text')\n"
        "assert(msg.event == nil and msg.raw:find('^<xml>.*</xml>$') and msg.content == 'hi' and "
        "msg.Content "
        "== 'hi')\n"
        "assert(msg.FromUserName == 'oUser1' and msg.CreateTime == '1700000000' and msg.MsgId == "
        "'24000000000000001')");
}

static void test_an_id_past_64_bits_stays_a_string(void **unused) {
  given(MESSAGE("text", "<MsgId>9223372036854775808</MsgId>"),
        "assert(msg.id == nil and msg.MsgId == '9223372036854775808')");
  given(MESSAGE("text", "<MsgId>9223372036854775807</MsgId>"), "assert(msg.id == math.maxinteger)");
}

static void test_fields_belong_to_their_types_alone(void **unused) {
  given(MESSAGE("text", "<Content>c</Content><MediaId>m</MediaId><Title>t</Title>"),
        "assert(msg.content == 'c' and msg.media_id == nil and msg.title == nil and msg.MediaId == "
        "'m')");
  given(MESSAGE("image", "<PicUrl>p</PicUrl><MediaId>m</MediaId>"),
        "assert(msg.picurl == 'p' and msg.media_id == 'm' and msg.content == nil)");
  given(MESSAGE("link", "<Title>t</Title><Description>d</Description><Url>u</Url>"),
        "assert(msg.title == 't' and msg.description == 'd' and msg.url == 'u')");
  given(MESSAGE("shortvideo", "<MediaId>m</MediaId><ThumbMediaId>h</ThumbMediaId>"),
        "assert(msg.media_id == 'm' and msg.thumb_media_id == 'h')");
}

static void test_a_voice_tells_absent_empty_and_spoken_apart(void **unused) {
  given(MESSAGE("voice", "<MediaId>m</MediaId><Format>amr</Format>"),
        "assert(msg.recognition == nil and msg.format == 'amr')");
  given(MESSAGE("voice", "<Recognition><![CDATA[]]></Recognition>"),
        "assert(msg.recognition == '')");
  given(MESSAGE("voice", "<Recognition>said</Recognition>"), "assert(msg.recognition == 'said')");
}

static void test_a_location_message_and_a_location_event_are_told_apart(void **unused) {
  given(
      MESSAGE("location",
              "<Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</"
              "Scale><Label>L</Label>"),
      "assert(msg.event == nil and msg.location.x == 23.134521 and msg.location.y == 113.358803)\n"
      "assert(msg.scale == 20 and math.type(msg.scale) == 'integer' and msg.label == 'L' and "
      "msg.latitude "
      "== nil)");
  given(EVENT("LOCATION", "<Latitude>23.137466</Latitude><Longitude>113.352425</"
                          "Longitude><Precision>119.385040</Precision>"),
        "assert(msg.type == 'location' and msg.event == 'location' and msg.location == nil and "
        "msg.id == nil)\n"
        "assert(msg.latitude == 23.137466 and msg.longitude == 113.352425 and msg.precision == "
        "119.38504)");
  given(MESSAGE("location", "<Location_X>north</Location_X>"),
        "assert(msg.location.x == nil and msg.Location_X == 'north')");
}

static void test_scenes_come_without_their_prefix_and_keys_with_it(void **unused) {
  given(
      EVENT("subscribe", "<EventKey>qrscene_qrscene_7</EventKey><Ticket>T</Ticket>"),
      "assert(msg.key == 'qrscene_qrscene_7' and msg.scene == 'qrscene_7' and msg.ticket == 'T')");
  given(EVENT("subscribe", "<EventKey></EventKey>"),
        "assert(msg.key == '' and msg.scene == nil and msg.ticket == nil)");
  given(EVENT("subscribe", "<EventKey>last_trade_no_1</EventKey>"),
        "assert(msg.key == 'last_trade_no_1' and msg.scene == nil)");
  given(EVENT("SCAN", "<EventKey>qrscene_7</EventKey><Ticket>T</Ticket>"),
        "assert(msg.type == 'scan' and msg.scene == 'qrscene_7')");
  given(EVENT("CLICK", "<EventKey>K</EventKey>"),
        "assert(msg.type == 'click' and msg.key == 'K' and msg.scene == nil)");
}

static void test_menu_and_template_events_have_their_fields(void **unused) {
  given(EVENT("VIEW", "<EventKey>https://e/</EventKey><MenuId>400000001</MenuId>"),
        "assert(msg.key == 'https://e/' and msg.menu_id == '400000001')");
  given(
      EVENT("TEMPLATESENDJOBFINISH", "<MsgID>200163836</MsgID><Status>failed:user block</Status>"),
      "assert(msg.status == 'failed:user block' and msg.MsgID == '200163836' and msg.id == nil)");
}

static void test_a_contract_name_wins_over_an_element_of_that_name(void **unused) {
  given(MESSAGE("text", "<Content>c</Content><type>x</type><content>y</content><event>z</"
                        "event><id>8</id><url>u</url>"),
        "assert(msg.type == 'text' and msg.content == 'c' and msg.event == nil and msg.id == nil "
        "and msg.url "
        "== 'u')\n"
        "local seen = {} for k, v in pairs(msg) do seen[k] = v end\n"
        "assert(seen.type == 'text' and seen.content == 'c' and seen.event == nil and seen.id == "
        "nil and "
        "seen.url == 'u')");
}

static void test_nested_elements_are_tables_and_items_are_lists(void **unused) {
  given(
      EVENT(
          "pic_weixin",
          "<SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>a</PicMd5Sum></item></PicList></"
          "SendPicsInfo>"),
      "assert(msg.SendPicsInfo.Count == '1' and #msg.SendPicsInfo.PicList.item == 1 and "
      "msg.SendPicsInfo.PicList.item[1].PicMd5Sum == 'a')\n"
      "assert(to_json(msg.SendPicsInfo.PicList) == '{\"item\":[{\"PicMd5Sum\":\"a\"}]}')");
  given(EVENT("pic_weixin", "<SendPicsInfo><PicList><item><PicMd5Sum>a</PicMd5Sum></"
                            "item><item><PicMd5Sum>b</PicMd5Sum></"
                            "item></PicList></SendPicsInfo>"),
        "assert(msg.SendPicsInfo.PicList.item[2].PicMd5Sum == 'b')");
}

static void test_repeated_elements_of_any_name_are_a_list(void **unused) {
  given(EVENT("x_event", "<A><B>1</B><C>2</C><B>3</B><B>4</B></A><D>5</D><D>6</D>"),
        "assert(table.concat(msg.A.B, ',') == '1,3,4' and msg.A.C == '2' and table.concat(msg.D, "
        "',') == "
        "'5,6')\n"
        "for _ in pairs(msg) do end\n"
        "assert(table.concat(msg.A.B, ',') == '1,3,4' and table.concat(msg.D, ',') == '5,6')");
}

static void test_an_unknown_event_arrives_whole(void **unused) {
  given(EVENT("Brand_New", "<Deep><Er><Est>x</Est></Er></Deep><EventKey>k</EventKey>"),
        "assert(msg.type == 'brand_new' and msg.event == 'brand_new' and msg.Event == 'Brand_New' "
        "and "
        "msg.Deep.Er.Est == 'x' and msg.key == 'k')");
  given(MESSAGE("device_event", "<Event>bind</Event><DeviceID>d</DeviceID>"),
        "assert(msg.type == 'device_event' and msg.event == nil and msg.Event == 'bind' and "
        "msg.DeviceID == "
        "'d')");
}

static void test_pairs_lists_everything_and_nothing_else(void **unused) {
  given(MESSAGE("text", "<Content>hi</Content><MsgId>7</MsgId>"),
        "local names = {} for k, v in pairs(msg) do assert(type(k) == 'string') names[#names + 1] "
        "= k end "
        "table.sort(names)\n"
        "assert(table.concat(names, ' ') == 'Content CreateTime FromUserName MsgId MsgType "
        "ToUserName "
        "content id raw source target time type')\n"
        "assert(getmetatable(msg) == nil and msg.content == 'hi' and msg.nothing == nil)");
}

static void test_next_and_length_see_a_plain_table(void **unused) {
  given(MESSAGE("text", "<Content>hi</Content>"),
        "local first = msg local k = next(msg) assert(type(k) == 'string' and rawequal(first, msg) "
        "and #msg "
        "== 0)\n"
        "local n = 0 for name in next, msg do n = n + 1 assert(type(name) == 'string') end "
        "assert(n > 5)");
}

static void test_what_the_script_writes_stays(void **unused) {
  given(MESSAGE("text", "<Content>hi</Content>"),
        "msg.content = 'mine' msg.extra = {1} msg.Label = false\n"
        "assert(msg.content == 'mine' and msg.extra[1] == 1)\n"
        "for _ in pairs(msg) do end assert(msg.content == 'mine' and msg.Content == 'hi' and "
        "msg.Label == "
        "false)");
}

static void test_a_message_outlives_its_document(void **unused) {
  given(MESSAGE("text", "<Content>hi</Content>"), "kept = {msg} msg = nil collectgarbage()");
  given(MESSAGE("text", "<Content>other</Content>"),
        "assert(kept[1].content == 'hi' and msg.content == 'other') kept = nil");
}

static void test_the_true_metatable_is_out_of_reach(void **unused) {
  given(MESSAGE("text", "<Content>hi</Content>"),
        "assert(getmetatable(msg) == 'message' and not pcall(setmetatable, msg, {}))\n"
        "assert(tostring(msg) == 'message: text from oUser1')\n"
        "local mt = debug.getmetatable(msg) assert(mt.__index({}, 'x') == nil and mt.__index(msg, "
        "1) == nil "
        "and mt.__index(1, 'x') == nil)");
}

static void test_a_stranger_in_the_hidden_place_is_not_read(void **unused) {
  given(
      MESSAGE("text", "<Content>hi</Content>"),
      "local mt = debug.getmetatable(msg) debug.setmetatable(msg, nil)\n"
      "local key for k in pairs(msg) do if type(k) == 'userdata' then key = k end end assert(key)\n"
      "msg[key] = io.stdout debug.setmetatable(msg, mt) assert(msg.source == nil)");
}

static const char use_it[] =
    "assert(msg.content == 'hi' and msg.List[1].A == '1' and msg.Deep.B.C == 'x' and msg.none == "
    "nil)\n"
    "local n = 0 for k, v in pairs(msg) do n = n + 1 end assert(n == 13, n)\n"
    "assert(from_json(to_json(msg)).Deep.B.C == 'x')";
#define RICH                                                                                       \
  MESSAGE("text", "<Content>hi</Content><List><A>1</A></List><Deep><B><C>x</C></B></Deep>")

static void test_the_collector_at_every_step_does_no_harm(void **unused) {
  state.collect_always = true;
  given(RICH, use_it);
}

static NodeTree rich_tree;
static MessageHead rich_head;

static int push_and_use(lua_State *L) {
  message_value_push(L, &rich_tree, &rich_head, STR(RICH));
  lua_setglobal(L, "msg");
  lua_getglobal(L, "use");
  lua_call(L, 0, 0);
  return 0;
}

static void test_no_memory_at_any_point_does_no_harm(void **unused) {
  assert_int_equal(luaL_loadstring(state.L, use_it), LUA_OK);
  lua_setglobal(state.L, "use");
  nodes_init(&rich_tree);
  assert_true(message_parse(state.context.xml, STR(RICH), &rich_tree, &rich_head, NULL));
  int status = LUA_ERRMEM, failures = 0;
  for (long allowed = 0; status != LUA_OK; allowed++, failures++) {
    lua_pushcfunction(state.L, push_and_use);
    state.fail_after = allowed;
    status = lua_pcall(state.L, 0, 0, 0);
    state.fail_after = -1;
    if (status != LUA_OK && !strstr(lua_tostring(state.L, -1), "memory")) {
      fail_msg("%s", lua_tostring(state.L, -1));
    }
    lua_settop(state.L, 0);
  }
  nodes_clear(&rich_tree);
  assert_true(failures > 20);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    CASE(test_every_message_has_id_sender_account_time_type_and_raw),
    CASE(test_an_id_past_64_bits_stays_a_string),
    CASE(test_fields_belong_to_their_types_alone),
    CASE(test_a_voice_tells_absent_empty_and_spoken_apart),
    CASE(test_a_location_message_and_a_location_event_are_told_apart),
    CASE(test_scenes_come_without_their_prefix_and_keys_with_it),
    CASE(test_menu_and_template_events_have_their_fields),
    CASE(test_a_contract_name_wins_over_an_element_of_that_name),
    CASE(test_nested_elements_are_tables_and_items_are_lists),
    CASE(test_repeated_elements_of_any_name_are_a_list),
    CASE(test_an_unknown_event_arrives_whole),
    CASE(test_pairs_lists_everything_and_nothing_else),
    CASE(test_next_and_length_see_a_plain_table),
    CASE(test_what_the_script_writes_stays),
    CASE(test_a_message_outlives_its_document),
    CASE(test_the_true_metatable_is_out_of_reach),
    CASE(test_a_stranger_in_the_hidden_place_is_not_read),
    CASE(test_the_collector_at_every_step_does_no_harm),
    CASE(test_no_memory_at_any_point_does_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

// codec/node: a tree of named texts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/node.h"

static uint32_t add_with_text(NodeTree *tree, uint32_t parent, uint32_t *last, Str name, Str text) {
  uint32_t index = nodes_add(tree, parent, last, name);
  buf_add(&tree->text, text);
  tree->nodes[index].text_len = (uint32_t)text.len;
  return index;
}

static void test_children_are_found_by_name_and_in_order(void **state) {
  NodeTree tree;
  nodes_init(&tree);
  uint32_t none = NODE_NONE, last = NODE_NONE;
  uint32_t root = nodes_add(&tree, NODE_NONE, &none, STR("xml"));
  uint32_t a = add_with_text(&tree, root, &last, STR("A"), STR("1"));
  uint32_t b = add_with_text(&tree, root, &last, STR("B"), STR("2"));
  add_with_text(&tree, root, &last, STR("A"), STR("3"));
  assert_int_equal(root, 0);
  assert_int_equal(tree.nodes[root].child_count, 3);
  assert_int_equal(tree.nodes[root].first_child, a);
  assert_int_equal(tree.nodes[a].next, b);
  assert_int_equal(node_child(&tree, root, STR("A")), a);
  assert_int_equal(node_child(&tree, root, STR("a")), NODE_NONE);
  assert_int_equal(node_child(&tree, a, STR("A")), NODE_NONE);
  Str text = STR("untouched");
  assert_false(node_child_text(&tree, root, STR("C"), &text));
  assert_true(str_eq(text, STR("untouched")));
  assert_true(node_child_text(&tree, root, STR("B"), &text));
  assert_true(str_eq(text, STR("2")));
  assert_true(str_eq(node_name(&tree, b), STR("B")));
  nodes_clear(&tree);
}

static void test_a_copy_of_both_pieces_is_the_same_tree(void **state) {
  NodeTree tree;
  nodes_init(&tree);
  uint32_t none = NODE_NONE, last = NODE_NONE;
  nodes_add(&tree, NODE_NONE, &none, STR("xml"));
  add_with_text(&tree, 0, &last, STR("A"), STR("one"));
  Node nodes[2];
  char text[64];
  memcpy(nodes, tree.nodes, sizeof nodes);
  memcpy(text, tree.text.ptr, tree.text.len);
  NodeTree copy = { .nodes = nodes, .count = 2, .text = { .ptr = text, .len = tree.text.len } };
  nodes_clear(&tree);
  Str found;
  assert_true(node_child_text(&copy, 0, STR("A"), &found));
  assert_true(str_eq(found, STR("one")));
}

static void test_a_reset_tree_takes_no_new_memory(void **state) {
  NodeTree tree;
  nodes_init(&tree);
  for (int round = 0; round < 3; round++) {
    const Node *nodes = tree.nodes;
    const char *text = tree.text.ptr;
    uint32_t none = NODE_NONE, last = NODE_NONE;
    nodes_add(&tree, NODE_NONE, &none, STR("xml"));
    for (int i = 0; i < 100; i++) add_with_text(&tree, 0, &last, STR("Name"), STR("some text"));
    if (round > 0) {
      assert_ptr_equal(tree.nodes, nodes);
      assert_ptr_equal(tree.text.ptr, text);
    }
    nodes_reset(&tree);
    assert_int_equal(tree.count, 0);
  }
  nodes_clear(&tree);
}

static void test_a_tree_without_memory_says_so_and_takes_nothing_more(void **state) {
  NodeTree tree;
  nodes_init(&tree);
  uint32_t none = NODE_NONE;
  assert_int_equal(nodes_add(&tree, NODE_NONE, &none, str_make("x", SIZE_MAX / 2)), NODE_NONE);
  assert_true(tree.failed);
  assert_int_equal(nodes_add(&tree, NODE_NONE, &none, STR("xml")), NODE_NONE);
  nodes_reset(&tree);
  assert_int_equal(nodes_add(&tree, NODE_NONE, &none, STR("xml")), 0);
  nodes_clear(&tree);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_children_are_found_by_name_and_in_order),
    cmocka_unit_test(test_a_copy_of_both_pieces_is_the_same_tree),
    cmocka_unit_test(test_a_reset_tree_takes_no_new_memory),
    cmocka_unit_test(test_a_tree_without_memory_says_so_and_takes_nothing_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

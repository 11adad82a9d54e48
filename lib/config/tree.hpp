// Owns the reading of YAML text into a tree whose every node knows its line and column. load.cpp
// calls it once for each file. It bounds size, depth, nodes and aliases, and it never lets an
// exception of the YAML library out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace derivd::config {

inline constexpr std::size_t kMaxNodes = 20'000;  // aliases counted with all that they repeat
inline constexpr int kMaxDepth = 20;              // the deepest key of the product has 4

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap };
  struct Entry;
  Kind kind = Kind::kNull;
  bool quoted = false;  // kScalar
  /// kNull: nothing stands there, as after a template whose variable is not set. What was written
  /// as null or ~ says that there is none; this says nothing.
  bool blank = false;
  Place place;
  std::string text;             // kScalar
  std::vector<YamlNode> items;  // kList
  std::vector<Entry> entries;   // kMap, in file order, duplicates included

  bool is_null() const { return kind == Kind::kNull; }
};

struct YamlNode::Entry {
  std::string key;
  Place place;  // of the key
  YamlNode value;
};

/// "a list", "a map", …: for messages.
std::string_view kind_name(const YamlNode& node);

std::variant<YamlNode, Problem> parse_yaml(std::string_view text);

/// The first key or item of the tree that has no value, or the first key that is given twice: for
/// readers that do not know which keys there are.
std::optional<Problem> find_unsound(const YamlNode& root);

}  // namespace derivd::config

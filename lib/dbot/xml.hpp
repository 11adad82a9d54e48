// Owns the reading of XML from strangers into a flat tree whose every element knows its line. The
// import of programs calls it once for each file. It never follows a reference out of the file,
// refuses declarations of entities, and is bounded in size, depth and count.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace derivd::dbot {

/// The largest known program has 1.0 MB, 1,211 blocks, and `next` elements as deep as its longest
/// chain of statements.
inline constexpr std::size_t kMaxXmlBytes = 8U << 20U;
inline constexpr int kMaxXmlDepth = 20'000;
inline constexpr std::size_t kMaxXmlElements = 200'000;
inline constexpr std::size_t kMaxXmlAttributes = 400'000;

/// Something in a file that cannot be, or that derivd does not understand.
struct Problem {
  int line = 0;       // from 1; 0: of the whole file
  std::string block;  // type of the block; empty: no block is meant
  std::string text;   // one sentence without the place
  friend bool operator==(const Problem&, const Problem&) = default;
};
/// "FILE:LINE: block TYPE: why".
std::string format(const Problem& problem, std::string_view file);

struct XmlElement {
  std::string name;  // without prefix: semantics.md 1.1 lets the name space be anything
  int line = 0;
  int parent = -1;  // index; -1: the root
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string text;  // character data directly inside, joined

  /// The attribute's value; empty also where there is none.
  std::string_view attribute(std::string_view key) const;
  bool has(std::string_view key) const;
};

/// Elements in the order of the file, the root first.
using XmlTree = std::vector<XmlElement>;

/// Also the line at which a malformed file stops to be XML.
std::variant<XmlTree, Problem> parse_xml(std::string_view bytes);

}  // namespace derivd::dbot

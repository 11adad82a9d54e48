#include "config/tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace derivd::config {
namespace {

/// The key of a problem that belongs to no key.
constexpr const char* kSyntax = "yaml";

/// The YAML library takes a text whose closing quote is missing for one that ends with the file, so
/// a file that was cut off would pass. A comment is added at the end: in an unclosed text it shows.
constexpr std::string_view kEnd = "\n# end of the configuration 7c1d0b5e\n";
constexpr std::string_view kEndWord = "7c1d0b5e";

Place place_of(const YAML::Mark& mark) {
  return mark.is_null() ? Place{1, 1} : Place{mark.line + 1, mark.column + 1};
}

/// Ends the parse from inside a callback.
struct Refused {
  Place place;
  std::string reason;
};

/// Where its lines begin, for the places of what is not there.
class Source final {
 public:
  explicit Source(std::string_view text) : text_(text) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
    begins_.push_back(0);
    for (auto at = text_.find('\n'); at != std::string_view::npos; at = text_.find('\n', at + 1)) {
      begins_.push_back(at + 1);
    }
  }

  /// Whether null or ~ is written there, maybe behind an anchor. The YAML library makes the same of
  /// it as of nothing at all.
  bool says_null(Place place) const {
    auto rest = from(place);
    if (rest.starts_with('&')) {
      rest.remove_prefix(std::min(rest.find_first_of(" \t\r\n"), rest.size()));
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    }
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (!rest.starts_with(word)) continue;
      const auto behind = rest.substr(word.size(), 1);
      if (behind.empty() || std::string_view(" \t\r\n,]}").find(behind) != behind.npos) return true;
    }
    return false;
  }

  /// The last character before that place that is neither blank nor comment: the dash or the comma
  /// behind which an item is missing.
  Place before(Place place) const {
    auto line = static_cast<std::size_t>(place.line - 1);
    if (line >= begins_.size()) line = begins_.size() - 1;
    auto part = line_at(line).substr(0, static_cast<std::size_t>(place.column - 1));
    while (true) {
      const auto last = part.find_last_not_of(" \t\r");
      if (last != std::string_view::npos) {
        return {static_cast<int>(line) + 1, static_cast<int>(last) + 1};
      }
      if (line == 0) return place;
      part = without_comment(line_at(--line));
    }
  }

 private:
  std::string_view line_at(std::size_t line) const {
    const auto rest = text_.substr(begins_[line]);
    return rest.substr(0, rest.find('\n'));
  }
  std::string_view from(Place place) const {
    const auto line = static_cast<std::size_t>(place.line - 1);
    if (line >= begins_.size()) return {};
    const auto at = begins_[line] + static_cast<std::size_t>(place.column - 1);
    return at >= text_.size() ? std::string_view{} : text_.substr(at);
  }
  static std::string_view without_comment(std::string_view line) {
    for (std::size_t at = 0; (at = line.find('#', at)) != std::string_view::npos; ++at) {
      if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
    }
    return line;
  }

  std::string_view text_;
  std::vector<std::size_t> begins_;
};

std::size_t count(const YamlNode& node) {
  std::size_t n = 1;
  for (const auto& item : node.items) n += count(item);
  for (const auto& entry : node.entries) n += 1 + count(entry.value);
  return n;
}

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const Source& source) : source_(source) {}
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.place = place_of(mark);
    // Only a key can be without a value, or an item of a list. A file of nothing is no such thing.
    node.blank = !frames_.empty() && !source_.says_null(node.place);
    // The library gives it the place of what follows.
    if (node.blank) node.place = place_of_blank(node.place);
    finish(std::move(node), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.place = place_of(mark);
    node.text = value;
    node.quoted = tag == "!";
    check_tag(tag, node.place);
    if (node.quoted && value.find(kEndWord) != std::string::npos) {
      throw Refused{node.place, "not valid YAML: a text whose closing quote is missing"};
    }
    finish(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto place = place_of(mark);
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw Refused{place, "an alias within its own anchor"};
    spend(count(known->second), place);
    put(YamlNode(known->second));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

  std::optional<YamlNode> take() { return std::move(root_); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor;
    std::optional<YamlNode> key;  // kMap: read, its value not yet
  };

  Place place_of_blank(Place next) const {
    const auto& top = frames_.back();
    if (top.key) return top.key->place;
    return top.node.kind == YamlNode::Kind::kList ? source_.before(next) : next;
  }
  static void check_tag(const std::string& tag, Place place) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refused{
          place, fmt::format("the tag {} is not understood here; leave it out", tag.substr(0, 60))};
    }
  }
  void spend(std::size_t nodes, Place place) {
    spent_ += nodes;
    if (spent_ > kMaxNodes) {
      throw Refused{place,
                    fmt::format("more than {} values, repetitions by aliases included", kMaxNodes)};
    }
  }
  void begin(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
             YAML::anchor_t anchor) {
    YamlNode node;
    node.kind = kind;
    node.place = place_of(mark);
    check_tag(tag == "!" ? "" : tag, node.place);
    if (static_cast<int>(frames_.size()) >= kMaxDepth) {
      throw Refused{node.place, fmt::format("nested more than {} levels deep", kMaxDepth)};
    }
    frames_.push_back({std::move(node), anchor, std::nullopt});
  }
  void end() {
    auto frame = std::move(frames_.back());
    frames_.pop_back();
    finish(std::move(frame.node), frame.anchor);
  }
  void finish(YamlNode node, YAML::anchor_t anchor) {
    spend(1, node.place);
    if (anchor != 0) anchors_[anchor] = node;
    put(std::move(node));
  }
  void put(YamlNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& top = frames_.back();
    if (top.node.kind == YamlNode::Kind::kList) {
      top.node.items.push_back(std::move(node));
    } else if (!top.key) {
      if (node.kind != YamlNode::Kind::kScalar) {
        throw Refused{node.place,
                      fmt::format("{} cannot be a key; keys are words", kind_name(node))};
      }
      top.key = std::move(node);
    } else {
      top.node.entries.push_back({std::move(top.key->text), top.key->place, std::move(node)});
      top.key.reset();
    }
  }

  const Source& source_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::optional<YamlNode> root_;
  std::size_t spent_ = 0;
};

Problem problem_at(Place place, std::string reason) {
  return {place.line, place.column, kSyntax, std::move(reason)};
}

std::string_view line_at(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const auto newline = text.find('\n');
    if (newline == std::string_view::npos) return {};
    text.remove_prefix(newline + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// The place behind the last character that is no blank: where a file ends for people.
Place end_of(std::string_view text) {
  const auto last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return {1, 1};
  const auto upto = text.substr(0, last + 1);
  const auto newline = upto.rfind('\n');
  const auto line_begin = newline == std::string_view::npos ? 0 : newline + 1;
  return {1 + static_cast<int>(std::count(upto.begin(), upto.end(), '\n')),
          static_cast<int>(upto.size() - line_begin) + 1};
}

/// Blanks before the first character, and before the key behind the dashes of a list.
struct Indents {
  std::size_t line = 0;
  std::size_t key = 0;
};
Indents indents_of(std::string_view line) {
  Indents out;
  out.line = std::min(line.find_first_not_of(' '), line.size());
  out.key = out.line;
  while (line.substr(out.key).starts_with("- ")) {
    out.key = std::min(line.find_first_not_of(' ', out.key + 1), line.size());
  }
  return out;
}

/// Where lines of a section that is still open may begin, by the lines above this one; the nearest
/// to where it does begin.
std::optional<std::size_t> indent_nearby(std::string_view text, int line) {
  const auto here = line_at(text, line);
  if (here.data() == nullptr) return std::nullopt;
  const auto mine = indents_of(here).line;
  std::optional<std::size_t> best;
  const auto offer = [&](std::size_t indent) {
    const auto away = [&](std::size_t i) { return i > mine ? i - mine : mine - i; };
    if (!best || away(indent) < away(*best)) best = indent;
  };
  std::size_t open = std::string_view::npos;
  auto rest = text.substr(0, static_cast<std::size_t>(here.data() - text.data()));
  while (!rest.empty() && open > 0) {
    rest.remove_suffix(1);  // the newline
    const auto newline = rest.rfind('\n');
    const auto begin = newline == std::string_view::npos ? 0 : newline + 1;
    const auto above = rest.substr(begin);
    rest = rest.substr(0, begin);
    const auto indents = indents_of(above);
    const bool says_nothing =
        indents.line == above.size() || above[indents.line] == '#' || above[indents.line] == '\r';
    if (says_nothing || (open != std::string_view::npos && indents.line >= open)) continue;
    offer(indents.key);
    offer(indents.line);
    open = indents.line;
  }
  return best;
}

/// The column, from 0 on, of a colon that stands between a word and its value without a blank
/// behind it: YAML takes the whole for one text. npos: there is none.
std::size_t tight_colon(std::string_view line) {
  const auto key = indents_of(line).key;
  constexpr std::string_view kWord =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  const auto colon = std::min(line.find_first_not_of(kWord, key), line.size());
  const auto behind = line.substr(colon).substr(0, 2);
  const bool tight = colon > key && behind.size() == 2 && behind[0] == ':' &&
                     std::string_view(" \t\r:/").find(behind[1]) == std::string_view::npos;
  return tight ? colon : std::string_view::npos;
}

/// Whether somebody would call it a key with or without its value.
bool has_key(std::string_view line) {
  const auto colon = line.find(':');
  return colon != std::string_view::npos &&
         (colon + 1 == line.size() || std::string_view(" \t\r").find(line[colon + 1]) != line.npos);
}

bool says_something(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r");
  return first != std::string_view::npos && line[first] != '#';
}

/// Lines above a mistake that are looked at for its cause. A person's lie within a screen, and a
/// hostile file has no end of them.
constexpr int kMostLinesAbove = 50;

/// The nearest line above that says something; 0: there is none.
int line_above(std::string_view text, int line) {
  for (int looked = 0; --line > 0 && looked < kMostLinesAbove; ++looked) {
    if (says_something(line_at(text, line))) return line;
  }
  return 0;
}

/// A missing blank in this line, or in one above that ran into it: a text goes on over lines.
std::optional<Place> missing_blank(std::string_view text, int line) {
  for (int at = line; at > 0 && at > line - kMostLinesAbove; at = line_above(text, at)) {
    const auto words = line_at(text, at);
    const auto colon = tight_colon(words);
    if (colon != std::string_view::npos) return Place{at, static_cast<int>(colon) + 1};
    if (at != line && has_key(words)) return std::nullopt;
  }
  return std::nullopt;
}

/// Where a quotation mark opens a text that does not end in its line; npos: nowhere.
std::size_t open_quote(std::string_view line) {
  char mark = 0;
  std::size_t begin = std::string_view::npos;
  bool fresh = true;  // a text may begin here
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (mark != 0) {
      if (c == '\\' && mark == '"') {
        ++i;
      } else if (c == mark) {
        mark = 0;
        begin = std::string_view::npos;
      }
      continue;
    }
    if (c == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) break;
    if (fresh && (c == '"' || c == '\'')) {
      mark = c;
      begin = i;
    }
    const bool blank = c == ' ' || c == '\t';
    // A dash or a colon before a blank, and whatever opens or parts a list in one line.
    fresh = blank ? fresh : std::string_view("-:[{,").find(c) != std::string_view::npos;
  }
  return begin;
}

/// The opening mark of a text that ends, against what was meant, in this line: the mark that closes
/// it there is the opening one of another. The library complains of what follows it.
std::optional<Place> runaway_quote(std::string_view text, int line) {
  for (int at = line - 1; at > 0 && at > line - kMostLinesAbove; --at) {
    const auto words = line_at(text, at);
    const auto begin = open_quote(words);
    if (begin == std::string_view::npos) continue;
    const char mark = words[begin];
    for (int between = at + 1; between < line; ++between) {
      if (line_at(text, between).find(mark) != std::string_view::npos) return std::nullopt;
    }
    const auto closing = line_at(text, line).find(mark);
    if (closing == std::string_view::npos) return std::nullopt;
    return Place{at, static_cast<int>(begin) + 1};
  }
  return std::nullopt;
}

std::string blanks(std::size_t n) { return fmt::format("{} blank{}", n, n == 1 ? "" : "s"); }

/// A key with its value right above, further to the left, opens no section: one of the two lines is
/// out of place, and nothing here tells which.
std::optional<std::string> value_above(std::string_view text, int line) {
  const auto mine = indents_of(line_at(text, line)).line;
  const int above = line_above(text, line);
  const auto over = line_at(text, above);
  const bool has_value = above > 0 && indents_of(over).key < mine && has_key(over) &&
                         says_something(over.substr(over.find(':') + 1));
  if (!has_value) return std::nullopt;
  return fmt::format(
      "this line begins with {} and belongs to a section, but line {} above it begins with {} and "
      "opens none, since it has a value; keys of one section begin in the same column, so one of "
      "the two is out of place",
      blanks(mine), above, blanks(indents_of(over).key));
}

std::string about_indentation(std::string_view text, int line) {
  const auto mine = indents_of(line_at(text, line)).line;
  const auto wanted = indent_nearby(text, line);
  if (const auto above = value_above(text, line)) return *above;
  return fmt::format(
      "this line begins with {}, where no section above does; keys of one section begin in the "
      "same "
      "column{}",
      blanks(mine),
      wanted && *wanted != mine ? fmt::format(", so probably with {}", blanks(*wanted)) : "");
}

/// What the library's words mean to somebody who does not know its grammar. Those that are missing
/// here are understood as they are.
std::string in_words(std::string_view text, Place place, const std::string& said) {
  namespace msg = YAML::ErrorMsg;
  if (said == msg::END_OF_SEQ || said == msg::END_OF_MAP) {
    return about_indentation(text, place.line);
  }
  if (said == msg::END_OF_MAP_FLOW) return "a { whose } is missing, here or in a line above";
  if (said == msg::END_OF_SEQ_FLOW) return "a [ whose ] is missing, here or in a line above";
  if (said == msg::FLOW_END) return "a closing bracket without its opening one";
  if (said == msg::MAP_VALUE) {
    if (const auto above = value_above(text, place.line)) return *above;
    return "a colon that can open no value here: each key stands on a line of its own, in the "
           "column of the others of its section, and a text with a colon in it stands in quotes";
  }
  if (said == msg::MAP_KEY || said == msg::BLOCK_ENTRY) {
    return fmt::format("{} cannot stand here; {}",
                       said == msg::MAP_KEY ? "a key" : "the - of a list",
                       about_indentation(text, place.line));
  }
  // Newer ones (0.8) add its name.
  if (said.starts_with(msg::UNKNOWN_ANCHOR)) {
    return "* refers to something that is called so by an &, and nothing is; a text that begins "
           "with * stands in quotes";
  }
  return said;
}

/// The YAML library says of a tab what it expected instead; people want to hear "tab".
Problem syntax_problem(std::string_view text, const YAML::Exception& e) {
  auto place = place_of(e.mark);
  const auto end = end_of(text);
  if (std::pair(place.line, place.column) > std::pair(end.line, end.column)) place = end;
  const auto line = line_at(text, place.line);
  const auto indent = line.substr(0, line.find_first_not_of(" \t"));
  const auto tab = indent.find('\t');
  if (tab != std::string_view::npos) {
    return problem_at({place.line, static_cast<int>(tab) + 1},
                      "a tab in the indentation; YAML wants spaces");
  }
  if (const auto quote = runaway_quote(text, place.line)) {
    return problem_at(*quote, "not valid YAML: a text whose closing quote is missing");
  }
  if (const auto colon = missing_blank(text, place.line)) {
    return problem_at(*colon, "not valid YAML: a blank is missing behind this colon");
  }
  return problem_at(place, fmt::format("not valid YAML: {}", in_words(text, place, e.msg)));
}

}  // namespace

std::string_view kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return node.blank ? "nothing" : "null";
    case YamlNode::Kind::kScalar:
      return node.quoted ? "a text in quotes" : "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map of keys";
  }
  return "something";
}

std::variant<YamlNode, Problem> parse_yaml(std::string_view text) {
  if (text.size() > kMaxFile) {
    return problem_at({1, 1}, fmt::format("the file has more than {} KiB", kMaxFile / 1024));
  }
  // UTF-16 and UTF-32, which YAML allows and no editor on a server writes, have them.
  if (text.find('\0') != std::string_view::npos) {
    return problem_at({1, 1}, "the file has NUL bytes; save it as plain text in UTF-8");
  }
  try {
    std::istringstream in{std::string(text).append(kEnd)};
    const Source source(text);
    YAML::Parser parser(in);
    Builder builder(source);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    auto root = builder.take();
    Builder rest(source);
    if (parser.HandleNextDocument(rest)) {
      const auto second = rest.take();
      return problem_at(second ? second->place : Place{1, 1},
                        "a second document; a configuration is one document");
    }
    if (!root) return YamlNode{};
    return std::move(*root);
  } catch (const Refused& refused) {
    return problem_at(refused.place, refused.reason);
  } catch (const YAML::Exception& e) {
    return syntax_problem(text, e);
  } catch (const std::exception& e) {
    return problem_at({1, 1}, fmt::format("cannot be read as YAML: {}", e.what()));
  }
}

std::optional<Problem> find_unsound(const YamlNode& root) {
  if (root.blank) {
    return Problem{root.place.line, root.place.column, "", "nothing where a value is wanted"};
  }
  for (const auto& item : root.items) {
    if (auto found = find_unsound(item)) return found;
  }
  std::set<std::string_view> seen;
  for (const auto& entry : root.entries) {
    if (!seen.insert(entry.key).second) {
      return Problem{entry.place.line, entry.place.column, entry.key, "given twice; keep one"};
    }
    if (entry.value.blank) {
      return Problem{entry.place.line, entry.place.column, entry.key,
                     "stands here without a value"};
    }
    if (auto found = find_unsound(entry.value)) return found;
  }
  return std::nullopt;
}

}  // namespace derivd::config

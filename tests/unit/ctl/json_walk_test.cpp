#include "common/json_walk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace derivd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Notes every event as a line.
class Notes final : public JsonVisitor {
 public:
  core::Result<void> scalar(const JsonPath& path, const JsonScalar& value) override {
    lines.push_back(place(path) + "=" +
                    (value.kind == JsonScalar::Kind::kNull    ? "null"
                     : value.kind == JsonScalar::Kind::kTruth ? (value.truth ? "true" : "false")
                                                              : std::string(value.text)));
    if (value.text == "stop") return core::invalid("told to stop");
    return {};
  }
  core::Result<void> begin(const JsonPath& path, bool is_object) override {
    lines.push_back(place(path) + (is_object ? "{" : "["));
    return {};
  }
  core::Result<void> end(const JsonPath& path, bool is_object) override {
    lines.push_back(place(path) + (is_object ? "}" : "]"));
    return {};
  }
  std::vector<std::string> lines;

 private:
  static std::string place(const JsonPath& path) {
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
      out += "/" + (path[i].is_key ? path[i].key : std::to_string(path[i].index));
    }
    return out;
  }
};

core::Result<void> walk(std::string_view text, Notes& notes, std::size_t most = 1 << 20) {
  auto bytes = ByteSource::of(text);
  return walk_json(bytes, most, notes);
}
std::string problem(std::string_view text, std::size_t most = 1 << 20) {
  Notes notes;
  const auto done = walk(text, notes, most);
  return done ? "" : done.error().text;
}

TEST(JsonWalk, TellsEachValueWithItsPlace) {
  Notes notes;
  ASSERT_TRUE(walk(R"({"a":[1,-2.50,"x"],"b":{"c":null,"d":true},"e":[[]]})", notes));
  EXPECT_THAT(notes.lines,
              ElementsAre("{", "/a[", "/a/0=1", "/a/1=-2.50", "/a/2=x", "/a]", "/b{", "/b/c=null",
                          "/b/d=true", "/b}", "/e[", "/e/0[", "/e/0]", "/e]", "}"));
  Notes scalar;
  ASSERT_TRUE(walk(" 7 ", scalar));
  EXPECT_THAT(scalar.lines, ElementsAre("=7"));
}

TEST(JsonWalk, KeepsWholeNumbersApartFromOthers) {
  struct Kinds final : JsonVisitor {
    core::Result<void> scalar(const JsonPath&, const JsonScalar& value) override {
      kinds.push_back(value.kind);
      wholes.push_back(value.whole);
      return {};
    }
    std::vector<JsonScalar::Kind> kinds;
    std::vector<std::int64_t> wholes;
  } seen;
  auto bytes =
      ByteSource::of("[9223372036854775807, 9223372036854775808, -9223372036854775808, 1e2, 1.0]");
  ASSERT_TRUE(walk_json(bytes, 1000, seen));
  using Kind = JsonScalar::Kind;
  EXPECT_THAT(seen.kinds,
              ElementsAre(Kind::kWhole, Kind::kNumber, Kind::kWhole, Kind::kNumber, Kind::kNumber));
  EXPECT_EQ(seen.wholes[0], INT64_MAX);
  EXPECT_EQ(seen.wholes[2], INT64_MIN);
}

TEST(JsonWalk, HasBounds) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(problem(nested(kMaxJsonDepth)), "");
  EXPECT_THAT(problem(nested(kMaxJsonDepth + 1)), HasSubstr("lists within each other"));
  EXPECT_THAT(problem(std::string(5'000'000, '[')), HasSubstr("lists within each other"));
  EXPECT_EQ(problem("[" + std::string(998, ' ') + "]", 1000), "");
  EXPECT_THAT(problem("[" + std::string(999, ' ') + "]", 1000),
              HasSubstr("longer than 1000 bytes"));
  const std::string longest(kMaxJsonToken - 2, 'x');
  EXPECT_EQ(problem("[\"" + longest + "\",\"" + longest + "\"]"), "");
  for (const auto& text :
       {"[\"" + longest + "xxxx", "[\"" + longest + "\\\"x\"]", std::string(kMaxJsonToken + 2, ' '),
        "[" + std::string(kMaxJsonToken + 3, '1'), "{\"" + longest + "xxxx\":1}"}) {
    EXPECT_THAT(problem(text), HasSubstr("bytes, at byte")) << text.size();
  }
  // Quotes within a text end nothing.
  std::string quotes = "[\"";
  for (int i = 0; i < 40'000; ++i) quotes += "\\\"";
  EXPECT_THAT(problem(quotes + "\"]"), HasSubstr("bytes, at byte"));
}

TEST(JsonWalk, SaysWhereItIsNoJson) {
  for (const auto* text :
       {"", "[1,", "{\"a\" 1}", "[1] x", "nul", "\"\x01\"", "\"\xff\"", "1e999"}) {
    EXPECT_THAT(problem(text), HasSubstr("not JSON at byte")) << text;
  }
  EXPECT_EQ(problem(R"([1,"stop",)"), "told to stop");
}

TEST(ByteSource, ReadsWhatIsThereAndNoMoreThanAsked) {
  auto bytes = ByteSource::of("ab");
  EXPECT_EQ(bytes.peek(), 'a');
  EXPECT_EQ(bytes.next(), 'a');
  EXPECT_EQ(bytes.next(), 'b');
  EXPECT_EQ(bytes.peek(), -1);
  EXPECT_EQ(bytes.next(), -1);
  const auto zero = read_file("/dev/zero", 1000);
  ASSERT_FALSE(zero);
  EXPECT_THAT(zero.error().text, HasSubstr("/dev/zero: too large"));
  const auto directory = read_file("/", 1000);
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().text, HasSubstr("directory"));
  const auto missing = read_file("/none/x", 1000);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, core::ErrorKind::kNotFound);
  const auto null = read_file("/dev/null", 0);
  ASSERT_TRUE(null);
  EXPECT_EQ(*null, "");
}

}  // namespace
}  // namespace derivd::daemon

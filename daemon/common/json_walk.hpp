// Owns the reading of JSON of others, value by value: nothing is built but what the visitor keeps,
// and size, depth and the length of a text have bounds before anything is. The readers of
// back-tests, sweeps, payouts and of the daemon's answers visit with it. It never knows what a
// value means.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/files.hpp"
#include "core/result.hpp"

namespace derivd::daemon {

/// Lists and objects within each other. The deepest of derivctl's files has five.
inline constexpr std::size_t kMaxJsonDepth = 8;
/// Bytes of one text, key or number. The longest of ours is a sentence.
inline constexpr std::size_t kMaxJsonToken = 1 << 16;

/// Where a value stands: the keys and positions that lead to it, the outermost first.
class JsonPath final {
 public:
  struct Step {
    bool is_key = false;
    std::string key;        // of a member
    std::size_t index = 0;  // of an element
  };
  std::size_t size() const { return size_; }
  const Step& operator[](std::size_t i) const { return steps_[i]; }
  /// Each word a key, or "#": any position of a list.
  bool is(std::initializer_list<std::string_view> words) const;

 private:
  friend class JsonWalk;
  std::array<Step, kMaxJsonDepth> steps_;
  std::size_t size_ = 0;
};

struct JsonScalar {
  enum class Kind : std::uint8_t { kNull, kTruth, kWhole, kNumber, kText };
  Kind kind = Kind::kNull;
  bool truth = false;
  std::int64_t whole = 0;  // kWhole: it fits
  double number = 0;       // kNumber, kWhole
  std::string_view text;   // kText; of numbers as they were written
};

class JsonVisitor {
 public:
  JsonVisitor() = default;
  JsonVisitor(const JsonVisitor&) = delete;
  JsonVisitor& operator=(const JsonVisitor&) = delete;
  virtual ~JsonVisitor() = default;
  virtual core::Result<void> scalar(const JsonPath& path, const JsonScalar& value) = 0;
  virtual core::Result<void> begin(const JsonPath&, bool /*is_object*/) { return {}; }
  virtual core::Result<void> end(const JsonPath&, bool /*is_object*/) { return {}; }
};

/// One JSON value and nothing after it, at most `most` bytes. The visitor's error ends it and comes
/// back as it is; every other is kInvalid and says where in the text.
core::Result<void> walk_json(ByteSource& source, std::size_t most, JsonVisitor& visitor);

}  // namespace derivd::daemon

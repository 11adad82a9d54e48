#include "common/json_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace derivd::daemon {
namespace {

using nlohmann::json;

/// The library keeps each token whole until it ends: what is too long must end before it gets
/// there.
class Gate final {
 public:
  Gate(ByteSource& source, std::size_t most) : source_(source), most_(most) { advance(); }

  bool at_end() const { return current_ < 0; }
  char current() const { return static_cast<char>(current_); }
  void advance() {
    current_ = problem_.empty() ? source_.next() : -1;
    if (current_ < 0) return;
    if (++taken_ > most_) return stop(fmt::format("it is longer than {} bytes", most_));
    measure(static_cast<char>(current_));
  }
  const std::string& problem() const { return problem_; }

 private:
  void measure(char c) {
    const bool ends_text = in_text_ && c == '"' && !escaped_;
    // Blanks are no end: the library keeps them, too.
    const bool between = !in_text_ && std::string_view(",:[]{}").find(c) != std::string_view::npos;
    if (in_text_ ? ends_text : c == '"' || between) {
      in_text_ = !in_text_ && c == '"';
      escaped_ = false;
      length_ = 0;
      return;
    }
    escaped_ = in_text_ && c == '\\' && !escaped_;
    if (++length_ > kMaxJsonToken) {
      stop(fmt::format("a text, a number or blanks of more than {} bytes, at byte {}",
                       kMaxJsonToken, taken_));
    }
  }
  void stop(std::string problem) {
    problem_ = std::move(problem);
    current_ = -1;
  }

  ByteSource& source_;
  std::size_t most_;
  std::size_t taken_ = 0;
  std::size_t length_ = 0;
  bool in_text_ = false;
  bool escaped_ = false;
  int current_ = -1;
  std::string problem_;
};

/// What the library reads from; the end has no gate.
class Iterator final {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  Iterator() = default;
  explicit Iterator(Gate& gate) : gate_(&gate) {}
  char operator*() const { return gate_->current(); }
  Iterator& operator++() {
    gate_->advance();
    return *this;
  }
  void operator++(int) { gate_->advance(); }
  friend bool operator==(const Iterator& a, const Iterator& b) { return a.ended() == b.ended(); }
  friend bool operator!=(const Iterator& a, const Iterator& b) { return !(a == b); }

 private:
  bool ended() const { return gate_ == nullptr || gate_->at_end(); }
  Gate* gate_ = nullptr;
};

}  // namespace

class JsonWalk final : public nlohmann::json_sax<json> {
 public:
  explicit JsonWalk(JsonVisitor& visitor) : visitor_(visitor) {}
  JsonWalk(const JsonWalk&) = delete;
  JsonWalk& operator=(const JsonWalk&) = delete;
  ~JsonWalk() override = default;

  std::optional<core::Error> error;

  bool null() override { return scalar({}); }
  bool boolean(bool value) override {
    JsonScalar s;
    s.kind = JsonScalar::Kind::kTruth;
    s.truth = value;
    return scalar(s);
  }
  bool number_integer(number_integer_t value) override { return whole(value); }
  bool number_unsigned(number_unsigned_t value) override {
    return std::in_range<std::int64_t>(value)
               ? whole(static_cast<std::int64_t>(value))
               : number(static_cast<double>(value), std::to_string(value));
  }
  bool number_float(number_float_t value, const string_t& text) override {
    return number(value, text);
  }
  bool string(string_t& value) override {
    JsonScalar s;
    s.kind = JsonScalar::Kind::kText;
    s.text = value;
    return scalar(s);
  }
  bool binary(binary_t&) override { return false; }  // no JSON has them
  bool start_object(std::size_t) override { return open(true); }
  bool end_object() override { return close(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_array() override { return close(false); }
  bool key(string_t& name) override {
    step().key.swap(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    if (!error) error = core::invalid(fmt::format("not JSON at byte {}", position));
    return false;
  }

 private:
  JsonPath::Step& step() { return path_.steps_[path_.size_ - 1]; }
  bool told(const core::Result<void>& done) {
    if (!done) error = done.error();
    return done.has_value();
  }
  bool scalar(const JsonScalar& value) {
    if (!told(visitor_.scalar(path_, value))) return false;
    passed();
    return true;
  }
  bool whole(std::int64_t value) {
    JsonScalar s;
    s.kind = JsonScalar::Kind::kWhole;
    s.whole = value;
    s.number = static_cast<double>(value);
    const auto text = std::to_string(value);
    s.text = text;
    return scalar(s);
  }
  bool number(double value, std::string_view text) {
    JsonScalar s;
    s.kind = JsonScalar::Kind::kNumber;
    s.number = value;
    s.text = text;
    return scalar(s);
  }
  bool open(bool is_object) {
    if (!told(visitor_.begin(path_, is_object))) return false;
    if (path_.size_ == kMaxJsonDepth) {
      error = core::invalid(fmt::format("more than {} lists within each other", kMaxJsonDepth));
      return false;
    }
    ++path_.size_;
    step().is_key = is_object;
    step().index = 0;
    return true;
  }
  bool close(bool is_object) {
    --path_.size_;
    if (!told(visitor_.end(path_, is_object))) return false;
    passed();
    return true;
  }
  void passed() {
    if (path_.size_ > 0 && !step().is_key) ++step().index;
  }

  JsonVisitor& visitor_;
  JsonPath path_;
};

bool JsonPath::is(std::initializer_list<std::string_view> words) const {
  if (words.size() != size_) return false;
  const auto* step = steps_.begin();
  return std::all_of(words.begin(), words.end(), [&](std::string_view word) {
    const auto& s = *step++;
    return s.is_key ? s.key == word : word == "#";
  });
}

core::Result<void> walk_json(ByteSource& source, std::size_t most, JsonVisitor& visitor) {
  Gate gate(source, most);
  JsonWalk walk(visitor);
  const bool whole = json::sax_parse(Iterator(gate), Iterator(), &walk);
  if (!source.failure().empty()) return core::io_error(source.failure());
  if (!gate.problem().empty()) return core::invalid(gate.problem());
  if (walk.error) return *walk.error;
  if (!whole) return core::invalid("not JSON");
  return {};
}

}  // namespace derivd::daemon

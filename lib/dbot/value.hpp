// Owns the values of a program (semantics.md, section 9): undefined, null, booleans, numbers,
// texts, lists that are shared by reference, candles; and the heap that keeps them. The machine
// makes a heap and tells it what is in use. It never runs a program.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace derivd::dbot {

enum class Kind : std::uint8_t { kUndefined, kNull, kBoolean, kNumber, kText, kList, kCandle };

struct Text;
struct List;
struct CandleValue;

/// Copied like a number; what it points to belongs to the heap.
struct Value {
  Kind kind = Kind::kUndefined;
  bool truth = false;  // kBoolean
  union {
    double number = 0;
    Text* text;
    List* list;
    CandleValue* candle;
  };

  static Value undefined() { return {}; }
  static Value null() { return of(Kind::kNull); }
  static Value boolean(bool b) {
    Value v = of(Kind::kBoolean);
    v.truth = b;
    return v;
  }
  static Value of(double n) {
    Value v = of(Kind::kNumber);
    v.number = n;
    return v;
  }
  bool is(Kind k) const { return kind == k; }

 private:
  static Value of(Kind k) {
    Value v;
    v.kind = k;
    return v;
  }
};

struct Object {
  bool marked = false;
};
struct Text : Object {
  std::string text;  // UTF-8; half a pair of UTF-16 stands as three bytes
};
struct List : Object {
  std::vector<Value> items;
};
/// One candle: prices as doubles, the epoch of its opening in seconds.
struct CandleValue : Object {
  double open = 0;
  double high = 0;
  double low = 0;
  double close = 0;
  std::int64_t epoch = 0;
};

/// One text may have so many bytes, one list so many items; a program that makes more ends with an
/// error, long before it could exhaust the memory of others.
inline constexpr std::size_t kMaxTextBytes = 1 << 20;
inline constexpr std::size_t kMaxListItems = 200'000;
inline constexpr std::size_t kMaxHeapBytes = 64U << 20U;

/// Mark and sweep: lists may contain themselves, so that counting references would leak.
class Heap final {
 public:
  Heap() = default;
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  Value text(std::string text);
  Value list(std::vector<Value> items);
  Value candle(const CandleValue& candle);
  /// A list that grew by so many items: counted, so that a collection comes in time.
  void grew(std::size_t items) { fresh_ += items * sizeof(Value); }

  bool wants_collection() const { return fresh_ > next_; }
  /// Keeps what begin(), mark()… reach, frees the rest.
  void begin_collection();
  void mark(const Value& value);
  void finish_collection();
  /// Bytes in use after the last collection and made since: an estimate from above.
  std::size_t bytes() const { return kept_ + fresh_; }

 private:
  std::vector<std::unique_ptr<Text>> texts_;
  std::vector<std::unique_ptr<List>> lists_;
  std::vector<std::unique_ptr<CandleValue>> candles_;
  std::vector<List*> work_;
  std::size_t kept_ = 0;
  std::size_t fresh_ = 0;
  std::size_t next_ = 1 << 20;
};

/// Copies lists with all that they contain, sharing what is shared; one Copier for everything that
/// must stay shared. Texts and candles never change and are not copied.
class Copier final {
 public:
  explicit Copier(Heap& heap) : heap_(heap) {}
  Value copy(const Value& value);

 private:
  Heap& heap_;
  std::unordered_map<const List*, List*> done_;
};

bool truthy(const Value& v);
double to_number(const Value& v);
/// String(v): a list is its items joined by commas, undefined and null items being empty.
std::string to_text(const Value& v);
/// ==, with JavaScript's coercions.
bool loosely_equal(const Value& a, const Value& b);
/// ===.
bool strictly_equal(const Value& a, const Value& b);
enum class Order : std::uint8_t { kLess, kEqual, kGreater, kUnordered };
/// Of <, <=, >, >=: two texts by their UTF-16 units, everything else as numbers.
Order compare(const Value& a, const Value& b);
/// Order of two texts by UTF-16 units: below 0, 0, above 0.
int compare_texts(std::string_view a, std::string_view b);

}  // namespace derivd::dbot

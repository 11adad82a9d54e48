#include "dbot/value.hpp"

#include <algorithm>
#include <cmath>

#include "dbot/number.hpp"
#include "dbot/text.hpp"

namespace derivd::dbot {
namespace {

/// String() of lists inside lists: deeper ones are left empty, as one that contains itself is.
constexpr std::size_t kMaxTextDepth = 20;

std::string list_text(const List& list, std::vector<const List*>& path) {
  std::string out;
  bool first = true;
  path.push_back(&list);
  for (const auto& item : list.items) {
    if (!first) out += ',';
    first = false;
    if (out.size() > kMaxTextBytes) break;
    if (item.is(Kind::kUndefined) || item.is(Kind::kNull)) continue;
    if (item.is(Kind::kList)) {
      const bool inside = std::ranges::count(path, item.list) > 0;
      if (!inside && path.size() < kMaxTextDepth) out += list_text(*item.list, path);
    } else {
      out += to_text(item);
    }
  }
  path.pop_back();
  return out;
}

std::string list_text(const List& list) {
  std::vector<const List*> path;
  return list_text(list, path);
}

bool is_object(const Value& v) { return v.is(Kind::kList) || v.is(Kind::kCandle); }
bool is_nothing(const Value& v) { return v.is(Kind::kUndefined) || v.is(Kind::kNull); }

template <class T>
void sweep(std::vector<std::unique_ptr<T>>& objects) {
  std::erase_if(objects, [](const std::unique_ptr<T>& o) { return !o->marked; });
}

}  // namespace

Value Heap::text(std::string text) {
  auto object = std::make_unique<Text>();
  fresh_ += sizeof(Text) + text.size();
  object->text = std::move(text);
  Value out;
  out.kind = Kind::kText;
  out.text = object.get();
  texts_.push_back(std::move(object));
  return out;
}

Value Heap::list(std::vector<Value> items) {
  auto object = std::make_unique<List>();
  fresh_ += sizeof(List) + items.size() * sizeof(Value);
  object->items = std::move(items);
  Value out;
  out.kind = Kind::kList;
  out.list = object.get();
  lists_.push_back(std::move(object));
  return out;
}

Value Heap::candle(const CandleValue& candle) {
  auto object = std::make_unique<CandleValue>(candle);
  fresh_ += sizeof(CandleValue);
  Value out;
  out.kind = Kind::kCandle;
  out.candle = object.get();
  candles_.push_back(std::move(object));
  return out;
}

void Heap::begin_collection() {
  for (auto& o : texts_) o->marked = false;
  for (auto& o : lists_) o->marked = false;
  for (auto& o : candles_) o->marked = false;
  kept_ = 0;
}

void Heap::mark(const Value& value) {
  const auto reach = [this](const Value& v) {
    if (v.is(Kind::kText) && !v.text->marked) {
      v.text->marked = true;
      kept_ += sizeof(Text) + v.text->text.size();
    } else if (v.is(Kind::kCandle) && !v.candle->marked) {
      v.candle->marked = true;
      kept_ += sizeof(CandleValue);
    } else if (v.is(Kind::kList) && !v.list->marked) {
      v.list->marked = true;
      kept_ += sizeof(List) + v.list->items.size() * sizeof(Value);
      work_.push_back(v.list);
    }
  };
  reach(value);
  while (!work_.empty()) {
    const auto* list = work_.back();
    work_.pop_back();
    for (const auto& item : list->items) reach(item);
  }
}

void Heap::finish_collection() {
  sweep(texts_);
  sweep(lists_);
  sweep(candles_);
  fresh_ = 0;
  next_ = std::max<std::size_t>(kept_, 1 << 20);
}

Value Copier::copy(const Value& value) {
  if (!value.is(Kind::kList)) return value;
  std::vector<List*> work;
  const auto shallow = [&](const Value& v) {
    if (!v.is(Kind::kList)) return v;
    const auto [it, fresh] = done_.try_emplace(v.list, nullptr);
    if (fresh) {
      it->second = heap_.list(v.list->items).list;
      work.push_back(it->second);
    }
    Value out = v;
    out.list = it->second;
    return out;
  };
  const auto out = shallow(value);
  while (!work.empty()) {
    auto* list = work.back();
    work.pop_back();
    for (auto& item : list->items) item = shallow(item);
  }
  return out;
}

bool truthy(const Value& v) {
  switch (v.kind) {
    case Kind::kUndefined:
    case Kind::kNull:
      return false;
    case Kind::kBoolean:
      return v.truth;
    case Kind::kNumber:
      return v.number != 0 && !std::isnan(v.number);
    case Kind::kText:
      return !v.text->text.empty();
    case Kind::kList:
    case Kind::kCandle:
      return true;
  }
  return false;
}

double to_number(const Value& v) {
  switch (v.kind) {
    case Kind::kUndefined:
    case Kind::kCandle:
      return kNaN;
    case Kind::kNull:
      return 0;
    case Kind::kBoolean:
      return v.truth ? 1 : 0;
    case Kind::kNumber:
      return v.number;
    case Kind::kText:
      return number_of(v.text->text);
    case Kind::kList:
      return number_of(to_text(v));
  }
  return kNaN;
}

std::string to_text(const Value& v) {
  switch (v.kind) {
    case Kind::kUndefined:
      return "undefined";
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return v.truth ? "true" : "false";
    case Kind::kNumber:
      return number_text(v.number);
    case Kind::kText:
      return v.text->text;
    case Kind::kList:
      return list_text(*v.list);
    case Kind::kCandle:
      return "[object Object]";
  }
  return {};
}

bool strictly_equal(const Value& a, const Value& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kUndefined:
    case Kind::kNull:
      return true;
    case Kind::kBoolean:
      return a.truth == b.truth;
    case Kind::kNumber:
      return a.number == b.number;
    case Kind::kText:
      return a.text == b.text || a.text->text == b.text->text;
    case Kind::kList:
      return a.list == b.list;
    case Kind::kCandle:
      return a.candle == b.candle;
  }
  return false;
}

bool loosely_equal(const Value& a, const Value& b) {
  if (a.kind == b.kind) return strictly_equal(a, b);
  if (is_nothing(a) || is_nothing(b)) return is_nothing(a) && is_nothing(b);
  if (is_object(a) && is_object(b)) return false;
  // An object becomes its text first; against a text that decides, else both become numbers.
  if ((is_object(a) && b.is(Kind::kText)) || (is_object(b) && a.is(Kind::kText))) {
    return to_text(a) == to_text(b);
  }
  return to_number(a) == to_number(b);
}

Order compare(const Value& a, const Value& b) {
  const auto as_text = [](const Value& v) { return v.is(Kind::kText) || is_object(v); };
  if (as_text(a) && as_text(b)) {
    const int order = compare_texts(to_text(a), to_text(b));
    return order < 0 ? Order::kLess : order > 0 ? Order::kGreater : Order::kEqual;
  }
  const double x = to_number(a);
  const double y = to_number(b);
  if (std::isnan(x) || std::isnan(y)) return Order::kUnordered;
  return x < y ? Order::kLess : x > y ? Order::kGreater : Order::kEqual;
}

int compare_texts(std::string_view a, std::string_view b) {
  if (is_ascii(a) && is_ascii(b)) return a.compare(b);
  return to_units(a).compare(to_units(b));
}

}  // namespace derivd::dbot

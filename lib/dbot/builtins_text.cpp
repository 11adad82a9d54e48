// Texts and lists. Rules: semantics.md, section 9; the order of JavaScript's own operations is
// kept, so that what is out of range gives what it gives there.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dbot/machine.hpp"
#include "dbot/number.hpp"
#include "dbot/text.hpp"

namespace derivd::dbot {
namespace {

/// Start or end of slice() and splice(): below 0 from the end, held within the list.
std::size_t bound(double at, std::size_t size) {
  const double n = static_cast<double>(size);
  double i = to_integer(at);
  if (i < 0) i = std::max(n + i, 0.0);
  return static_cast<std::size_t>(std::min(i, n));
}

/// list[at]: undefined unless `at` is one of its indexes.
std::optional<std::size_t> index_in(double at, std::size_t size) {
  if (!(at >= 0) || at != std::trunc(at) || at >= static_cast<double>(size)) return std::nullopt;
  return static_cast<std::size_t>(at);
}

std::string title_case(std::string_view text) {
  std::string out;
  bool first = true;
  const auto low = lower(text);
  std::string_view rest = low;
  // Words are parted by single blanks; the runtime fails on an empty word, which is left empty
  // here.
  while (true) {
    const auto end = std::min(rest.find(' '), rest.size());
    const auto word = rest.substr(0, end);
    if (!first) out += ' ';
    first = false;
    if (!word.empty()) {
      std::size_t letter = 1;
      while (letter < word.size() && (static_cast<unsigned char>(word[letter]) & 0xc0U) == 0x80U) {
        ++letter;
      }
      out += upper(word.substr(0, letter));
      out += word.substr(letter);
    }
    if (end == rest.size()) return out;
    rest.remove_prefix(end + 1);
  }
}

std::string trim(std::string_view text, bool left, bool right) {
  while (left && space_at(text) > 0) text.remove_prefix(space_at(text));
  while (right && !text.empty()) {
    auto at = text.size() - 1;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U) --at;
    if (const auto n = space_at(text.substr(at)); n == 0 || at + n != text.size()) break;
    text = text.substr(0, at);
  }
  return std::string(text);
}

/// parseFloat of Deriv Bot, Number of stock Blockly.
double sort_key(const Value& v, bool native) {
  return native ? leading_number_of(to_text(v)) : to_number(v);
}

/// A merge sort: it ends whatever the comparison says, and keeps the order of equal items.
template <class Before>
void sort_items(std::vector<Value>& items, Before before) {
  std::vector<Value> other(items.size());
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    for (std::size_t low = 0; low < items.size(); low += 2 * width) {
      const auto middle = std::min(low + width, items.size());
      const auto high = std::min(low + 2 * width, items.size());
      std::size_t a = low;
      std::size_t b = middle;
      for (auto at = low; at < high; ++at) {
        const bool right = a >= middle || (b < high && before(items[b], items[a]));
        other[at] = right ? items[b++] : items[a++];
      }
    }
    items.swap(other);
  }
}

}  // namespace

Value Machine::joined_items(std::span<const Value> items, std::string_view separator) {
  std::string out;
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += separator;
    first = false;
    if (!item.is(Kind::kUndefined) && !item.is(Kind::kNull)) out += text_of(item);
    if (out.size() > kMaxTextBytes) break;
  }
  return make_text(std::move(out));
}

Value Machine::text_builtin(Builtin which, std::span<const Value> a, int flag) {
  const auto no_text = [this](std::string_view what) {
    fail(fmt::format("{} is asked of what is no text", what));
    return Value::undefined();
  };
  switch (which) {
    case Builtin::kText:
      return a[0].is(Kind::kText) ? a[0] : make_text(text_of(a[0]));
    case Builtin::kTextAppend:
      return make_text(joined(text_of(a[0]), text_of(a[1])));
    case Builtin::kTextJoin:
      charge(a.size());
      return joined_items(a, flag == 1 ? " " : "");
    case Builtin::kTextIndexOf:
      return index_of(a[0], a[1], flag == 1);
    case Builtin::kTextContains:
      return Value::boolean(text_of(a[0]).find(text_of(a[1])) != std::string::npos);
    case Builtin::kTextCharacter:
      return character(a[0], a[1], flag);
    case Builtin::kTextCase: {
      if (!a[0].is(Kind::kText)) return no_text("the case");
      const auto& text = a[0].text->text;
      return make_text(flag == 0 ? upper(text) : flag == 1 ? lower(text) : title_case(text));
    }
    case Builtin::kTextTrim:
      if (!a[0].is(Kind::kText)) return no_text("trimming");
      return make_text(trim(a[0].text->text, flag != 1, flag != 0));
    case Builtin::kLength:
    case Builtin::kIsEmpty: {
      std::optional<double> length;
      if (a[0].is(Kind::kText)) length = static_cast<double>(unit_count(a[0].text->text));
      if (a[0].is(Kind::kList)) length = static_cast<double>(a[0].list->items.size());
      if (a[0].is(Kind::kUndefined) || a[0].is(Kind::kNull)) {
        fail(fmt::format("the length of {} is asked for", text_of(a[0])));
      }
      if (which == Builtin::kIsEmpty) return Value::boolean(!length || *length == 0);
      return length ? Value::of(*length) : Value::undefined();
    }
    case Builtin::kSlice:
      return slice(a[0], a[1], a[2], flag);
    default:
      return Value::undefined();
  }
}

/// indexOf and lastIndexOf, counted from 1: of an item in a list (strictly equal), or of a text.
Value Machine::index_of(const Value& in, const Value& what, bool last) {
  if (in.is(Kind::kList)) {
    const auto& items = in.list->items;
    charge(items.size() * (what.is(Kind::kText) ? 1 + what.text->text.size() : 1));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto at = last ? items.size() - 1 - i : i;
      if (strictly_equal(items[at], what)) return Value::of(static_cast<double>(at + 1));
    }
    return Value::of(0.0);
  }
  if (!in.is(Kind::kText)) {
    fail(fmt::format("a search in {}", text_of(in)));
    return Value::undefined();
  }
  const auto text = to_units(in.text->text);
  const auto part = to_units(text_of(what));
  charge(text.size());
  const auto at = last ? text.rfind(part) : text.find(part);
  return Value::of(at == std::u16string::npos ? 0 : static_cast<double>(at + 1));
}

Value Machine::character(const Value& text, const Value& at, int where) {
  if (!text.is(Kind::kText)) {
    fail("a letter is asked of what is no text");
    return Value::undefined();
  }
  const auto& s = text.text->text;
  const auto size = unit_count(s);
  const auto one = [&](std::size_t i) {
    return make_text(i < size ? unit_slice(s, i, i + 1) : std::string());
  };
  switch (where) {
    case 0: {
      const double i = to_integer(to_number(at) - 1);
      return i < 0 || i >= static_cast<double>(size) ? make_text({})
                                                     : one(static_cast<std::size_t>(i));
    }
    case 1:
      return one(bound(-to_number(at), size));
    case 2:
      return one(0);
    case 3:
      return size == 0 ? make_text({}) : one(size - 1);
    default: {
      const double x = std::floor(next_random() * static_cast<double>(size));
      return size == 0 ? Value::undefined() : one(static_cast<std::size_t>(x));
    }
  }
}

/// Both ends included; `flag` is 3 × the place of the first end (from start, from end, first) +
/// that of the second (from start, from end, last).
Value Machine::slice(const Value& of, const Value& at1, const Value& at2, int flag) {
  std::size_t size = 0;
  if (of.is(Kind::kText)) {
    size = unit_count(of.text->text);
  } else if (of.is(Kind::kList)) {
    size = of.list->items.size();
  } else {
    fail(fmt::format("a part of {} is asked for", text_of(of)));
    return Value::undefined();
  }
  const double n = static_cast<double>(size);
  double from = 0;
  double to = n;
  if (flag / 3 == 0) from = to_number(at1) - 1;
  if (flag / 3 == 1) from = n - to_number(at1);
  if (flag % 3 == 0) to = to_number(at2);
  if (flag % 3 == 1) to = n - (to_number(at2) - 1);
  const auto begin = bound(from, size);
  const auto end = bound(to, size);
  if (of.is(Kind::kText)) {
    return make_text(begin < end ? unit_slice(of.text->text, begin, end) : std::string());
  }
  if (begin >= end) return make_list({});
  const auto items = std::span(of.list->items).subspan(begin, end - begin);
  return make_list({items.begin(), items.end()});
}

// -- lists --------------------------------------------------------------------------------------

Value Machine::list_builtin(Builtin which, std::span<const Value> a, int flag) {
  switch (which) {
    case Builtin::kList:
      return make_list({a.begin(), a.end()});
    case Builtin::kListRepeat: {
      const double n = to_number(a[1]);
      const double count = n > 0 ? std::ceil(n) : 0;
      if (count > static_cast<double>(kMaxListItems))
        return make_list(std::vector<Value>(kMaxListItems + 1));
      return make_list(std::vector<Value>(static_cast<std::size_t>(count), a[0]));
    }
    case Builtin::kListGet:
      return list_get(a[0], a[1], flag / 5, flag % 5);
    case Builtin::kWindowGet: {
      const auto all = (flag & 8) != 0 ? digits() : quotes();
      const double at = to_number(a[0]);
      std::optional<std::size_t> i = 0;
      if ((flag & 7) == 0) i = index_in(at - 1, all.size());
      if ((flag & 7) == 1) i = bound(-at, all.size());
      if ((flag & 7) == 3) i = all.empty() ? 0 : all.size() - 1;
      return i && *i < all.size() ? Value::of(all[*i]) : Value::undefined();
    }
    case Builtin::kListSet:
      return list_set(a[0], a[1], a[2], flag / 5, flag % 5);
    case Builtin::kListSort:
      return sorted(a[0], flag);
    case Builtin::kListSplit: {
      if (flag == 1) {
        if (!a[0].is(Kind::kList)) {
          fail(fmt::format("{} is no list to be joined", text_of(a[0])));
          return Value::undefined();
        }
        charge(a[0].list->items.size());
        // join(undefined) joins with a comma.
        return joined_items(a[0].list->items, a[1].is(Kind::kUndefined) ? "," : text_of(a[1]));
      }
      if (!a[0].is(Kind::kText)) {
        fail(fmt::format("{} is no text to be split", text_of(a[0])));
        return Value::undefined();
      }
      std::vector<Value> items;
      if (a[1].is(Kind::kUndefined)) return make_list({a[0]});
      const auto text = to_units(a[0].text->text);
      const auto part = to_units(text_of(a[1]));
      charge(text.size());
      if (part.empty()) {
        for (std::size_t i = 0; i < text.size() && items.size() <= kMaxListItems; ++i) {
          items.push_back(heap_.text(from_units(std::u16string_view(text).substr(i, 1))));
        }
        return make_list(std::move(items));
      }
      std::size_t from = 0;
      while (items.size() <= kMaxListItems) {
        const auto at = text.find(part, from);
        const auto end = std::min(at, text.size());
        items.push_back(heap_.text(from_units(std::u16string_view(text).substr(from, end - from))));
        if (at == std::u16string::npos) break;
        from = at + part.size();
      }
      return make_list(std::move(items));
    }
    default:
      return Value::undefined();
  }
}

/// mode: get, get and remove, remove. where: from start, from end, first, last, random.
Value Machine::list_get(const Value& list, const Value& at, int mode, int where) {
  if (list.is(Kind::kText) && mode == 0 && where != 4) {
    // text[i], and slice() of a text, work on texts too.
    const auto size = unit_count(list.text->text);
    if (where == 1 || where == 3) {
      const auto i = bound(where == 3 ? -1 : -to_number(at), size);
      return i < size ? make_text(unit_slice(list.text->text, i, i + 1)) : Value::undefined();
    }
    const auto i = index_in(where == 2 ? 0 : to_number(at) - 1, size);
    return i ? make_text(unit_slice(list.text->text, *i, *i + 1)) : Value::undefined();
  }
  if (!list.is(Kind::kList)) {
    const bool nothing = list.is(Kind::kUndefined) || list.is(Kind::kNull);
    // number[0] is undefined; undefined[0] and every method of what is no list are errors.
    if (nothing || mode != 0 || where == 1 || where == 3) {
      fail(fmt::format("an item of {} is asked for, which is no list", text_of(list)));
    }
    return Value::undefined();
  }
  auto& items = list.list->items;
  const auto size = items.size();
  const auto cut = [&](std::size_t i) {
    if (i >= size) return Value::undefined();
    const Value out = items[i];
    charge(size - i);
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
    return out;
  };
  const auto get = [&](std::optional<std::size_t> i) {
    return i && *i < size ? items[*i] : Value::undefined();
  };
  switch (where) {
    case 0: {
      const double i = to_number(at) - 1;
      if (mode == 0) return get(index_in(i, size));
      return cut(bound(i, size));
    }
    case 1: {
      const auto i = bound(-to_number(at), size);
      return mode == 0 ? get(i) : cut(i);
    }
    case 2:
      return mode == 0 ? get(0) : cut(0);
    case 3:
      if (size == 0) return Value::undefined();
      return mode == 0 ? get(size - 1) : cut(size - 1);
    default: {
      const auto i =
          static_cast<std::size_t>(std::floor(next_random() * static_cast<double>(size)));
      return mode == 0 ? get(i) : cut(i);
    }
  }
}

/// mode: set, insert.
Value Machine::list_set(const Value& list, const Value& at, const Value& to, int mode, int where) {
  if (!list.is(Kind::kList)) {
    // A property of a number or a text is set and forgotten; everything else is an error.
    const bool forgotten = mode == 0 && !list.is(Kind::kUndefined) && !list.is(Kind::kNull);
    if (!forgotten) fail(fmt::format("an item of {} is set, which is no list", text_of(list)));
    return Value::undefined();
  }
  auto& items = list.list->items;
  const auto size = items.size();
  const double n = static_cast<double>(size);
  double i = 0;
  if (where == 0) i = to_number(at) - 1;
  if (where == 1) i = n - to_number(at);
  if (where == 3) i = mode == 0 ? n - 1 : n;
  if (where == 4) i = std::floor(next_random() * n);
  if (mode == 0) {
    if (const auto in = index_in(i, size)) {
      items[*in] = to;
      return Value::undefined();
    }
    // Behind the end the list grows; any other index is a property that no block can see.
    if (!(i >= n) || i != std::trunc(i)) return Value::undefined();
    if (i >= static_cast<double>(kMaxListItems)) {
      fail("a list has grown beyond 200,000 items");
      return Value::undefined();
    }
    items.resize(static_cast<std::size_t>(i) + 1, Value::undefined());
    heap_.grew(items.size() - size);
    items.back() = to;
    return Value::undefined();
  }
  if (size >= kMaxListItems) {
    fail("a list has grown beyond 200,000 items");
    return Value::undefined();
  }
  const auto place = bound(i, size);
  charge(size - place);
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(place), to);
  heap_.grew(1);
  return Value::undefined();
}

/// flag: 1 as texts, 2 descending, 4 Deriv Bot's way: the list itself is sorted as text first.
Value Machine::sorted(const Value& list, int flag) {
  if (!list.is(Kind::kList)) {
    fail(fmt::format("{} is no list to be sorted", text_of(list)));
    return Value::undefined();
  }
  auto& original = list.list->items;
  const auto size = original.size();
  std::size_t work = 16 * size;
  for (const auto& item : original) work += text_of(item).size();
  for (std::size_t n = size; n > 1; n /= 2) charge(work);
  if (steps_ > kMaxSteps) return Value::undefined();
  const auto text_before = [](const Value& a, const Value& b) {
    return compare_texts(to_text(a), to_text(b)) < 0;
  };
  if ((flag & 4) != 0) sort_items(original, text_before);
  auto items = original;
  const bool down = (flag & 2) != 0;
  if ((flag & 1) != 0) {
    sort_items(items, [&](const Value& a, const Value& b) {
      return down ? text_before(b, a) : text_before(a, b);
    });
  } else {
    sort_items(items, [&](const Value& a, const Value& b) {
      const double x = sort_key(a, (flag & 4) != 0);
      const double y = sort_key(b, (flag & 4) != 0);
      return down ? x > y : x < y;
    });
  }
  return make_list(std::move(items));
}

}  // namespace derivd::dbot

#include "service/exposition.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"

namespace derivd::service {
namespace {

std::string_view name_of(Exposition::Type type) {
  switch (type) {
    case Exposition::Type::kCounter:
      return "counter";
    case Exposition::Type::kGauge:
      return "gauge";
    case Exposition::Type::kHistogram:
      return "histogram";
  }
  return "untyped";
}

/// Inside quotes a backslash, a quote and a line feed are escaped, nothing else.
void escape(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || c == '"') out += '\\';
      out += c;
    }
  }
}

}  // namespace

void Exposition::family(std::string_view name, Type type, std::string_view help) {
  DERIVD_CHECK((type == Type::kCounter) == name.ends_with("_total"), "a name against its type");
  DERIVD_CHECK(text_.find(fmt::format("# TYPE {} ", name)) == std::string::npos,
               "a family of metrics is opened twice");
  family_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, name_of(type));
}

void Exposition::sample(Labels labels, std::int64_t value) {
  line({}, labels, {}, std::to_string(value));
}
void Exposition::sample(Labels labels, std::uint64_t value) {
  line({}, labels, {}, std::to_string(value));
}
void Exposition::sample(Labels labels, core::Money value) {
  line({}, labels, {}, value.to_string());
}
void Exposition::sample(Labels labels, core::Duration value) {
  line({}, labels, {}, seconds(value));
}

std::string Exposition::seconds(core::Duration value) {
  // Nanoseconds as decimals, exactly, without trailing zeros.
  const auto ns = value.count();
  auto text = fmt::format("{}{}.{:09}", ns < 0 ? "-" : "", std::abs(ns / 1'000'000'000),
                          std::abs(ns % 1'000'000'000));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void Exposition::bucket(Labels labels, std::string_view bound, std::uint64_t count) {
  line("_bucket", labels, bound, std::to_string(count));
}

void Exposition::line(std::string_view suffix, Labels labels, std::string_view bound,
                      std::string_view value) {
  text_ += family_;
  text_ += suffix;
  std::string inside;
  for (const auto& [name, text] : labels) {
    inside += fmt::format("{}{}=\"", inside.empty() ? "" : ",", name);
    escape(inside, text);
    inside += '"';
  }
  if (!bound.empty()) inside += fmt::format("{}le=\"{}\"", inside.empty() ? "" : ",", bound);
  if (!inside.empty()) text_ += fmt::format("{{{}}}", inside);
  text_ += fmt::format(" {}\n", value);
}

}  // namespace derivd::service

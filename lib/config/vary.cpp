#include "config/vary.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "config/table.hpp"
#include "config/tree.hpp"
#include "core/decimal.hpp"

namespace derivd::config {
namespace {

using core::invalid;

core::Error at(const Place& place, std::string_view what) {
  return invalid(fmt::format("{}:{}: {}", place.line, place.column, what));
}

core::Error unsound_at(const Problem& p, std::string_view remedy) {
  return at({p.line, p.column},
            fmt::format("{}{}{}; {}", p.key, p.key.empty() ? "" : ": ", p.reason, remedy));
}

core::Result<core::Decimal> bound(const YamlNode& range, std::string_view name) {
  for (const auto& entry : range.entries) {
    if (entry.key != name) continue;
    const auto value = core::Decimal::parse(entry.value.text);
    if (!value) return at(entry.value.place, value.error().text);
    if (value->scale > 9 || value->mantissa > 1'000'000'000'000 ||
        value->mantissa < -1'000'000'000'000) {
      return at(entry.value.place, "out of range; allowed: a plain decimal");
    }
    return *value;
  }
  return at(range.place, fmt::format("a range needs '{}', as {{ from: 1, to: 5, step: 1 }}", name));
}

core::Result<std::vector<std::string>> range_values(const YamlNode& range) {
  const auto from = bound(range, "from");
  if (!from) return from.error();
  const auto to = bound(range, "to");
  if (!to) return to.error();
  const auto step = bound(range, "step");
  if (!step) return step.error();
  if (range.entries.size() != 3) return at(range.place, "a range has from, to and step, no more");
  const auto scale = std::max({from->scale, to->scale, step->scale});
  const auto units = [&](const core::Decimal& d) {
    return d.mantissa * core::pow10(scale - d.scale);
  };
  if (units(*step) <= 0 || units(*to) < units(*from)) {
    return at(range.place, "a range goes upwards: from <= to, step > 0");
  }
  if ((units(*to) - units(*from)) / units(*step) >= static_cast<std::int64_t>(kMaxVariedValues)) {
    return at(range.place, fmt::format("more than {} values", kMaxVariedValues));
  }
  std::vector<std::string> out;
  for (auto u = units(*from); u <= units(*to); u += units(*step)) {
    out.push_back(core::Decimal{u, scale}.to_string());
  }
  return out;
}

core::Result<std::vector<std::string>> list_values(const YamlNode& list) {
  std::vector<std::string> out;
  for (const auto& item : list.items) {
    if (item.kind != YamlNode::Kind::kScalar) {
      return at(item.place, fmt::format("{} where a value is wanted", kind_name(item)));
    }
    out.push_back(item.text);
  }
  if (out.empty() || out.size() > kMaxVariedValues) {
    return at(list.place, fmt::format("a list has 1 to {} values", kMaxVariedValues));
  }
  return out;
}

bool is_top_level(std::string_view key) {
  const auto section = key.substr(0, key.find('.'));
  return std::any_of(settings().begin(), settings().end(), [&](const Setting& s) {
    return s.path.substr(0, s.path.find('.')) == section && s.path.find("[]") == s.path.npos;
  });
}

/// "answers[1]": the list and the place in it, counted from 0; empty: no item of a list.
std::optional<std::pair<std::string, std::size_t>> item_of(std::string_view word) {
  const auto open = word.find('[');
  if (open == std::string_view::npos || open == 0 || !word.ends_with(']')) return std::nullopt;
  const auto digits = word.substr(open + 1, word.size() - open - 2);
  std::size_t n = 0;
  const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (r.ec != std::errc{} || r.ptr != digits.data() + digits.size()) return std::nullopt;
  return std::pair{std::string(word.substr(0, open)), n};
}

core::Result<void> put_item(YAML::Node list, std::size_t n, std::string_view word,
                            std::string_view value) {
  if (!list.IsDefined() || !list.IsSequence()) {
    return invalid(fmt::format("'{}': there is no list of that name to vary an item of", word));
  }
  if (n >= list.size()) {
    return invalid(fmt::format("'{}': the list has {} items, counted from 0", word, list.size()));
  }
  list[n] = std::string(value);
  return {};
}

core::Result<void> put(YAML::Node node, std::string_view path, std::string_view value) {
  const auto dot = path.find('.');
  const std::string head(path.substr(0, dot));
  if (dot == std::string_view::npos) {
    if (const auto item = item_of(head))
      return put_item(node[item->first], item->second, head, value);
    node[head] = std::string(value);
    return {};
  }
  if (!node[head].IsDefined() || node[head].IsNull()) node[head] = YAML::Node(YAML::NodeType::Map);
  return put(node[head], path.substr(dot + 1), value);
}

core::Result<void> replace(YAML::Node& root, const Replacement& r) {
  constexpr std::string_view kOne = "strategies[";
  if (is_top_level(r.key)) {
    return put(root, r.key, r.value);
  }
  std::string_view name;
  auto path = r.key;
  if (path.starts_with(kOne)) {
    const auto close = path.find("].");
    if (close == std::string_view::npos) {
      return invalid(fmt::format("'{}' is not strategies[NAME].KEY", r.key));
    }
    name = path.substr(kOne.size(), close - kOne.size());
    path = path.substr(close + 2);
  }
  if (path.empty() || path.front() == '.' || path.back() == '.' ||
      path.find("..") != std::string_view::npos) {
    return invalid(fmt::format("'{}' is not a key", r.key));
  }
  bool found = false;
  for (auto strategy : root["strategies"]) {
    if (!strategy.IsMap()) continue;
    if (!name.empty() && strategy["name"].as<std::string>("") != name) continue;
    if (const auto done = put(strategy, path, r.value); !done) return done.error();
    found = true;
  }
  if (!found) return invalid(fmt::format("'{}': there is no such strategy", r.key));
  return {};
}

}  // namespace

core::Result<Varied> parse_varied(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return invalid(fmt::format("'{}' is not KEY=VALUE,VALUE…, as staking.base=0.35,0.50", text));
  }
  Varied out{std::string(text.substr(0, equals)), {}};
  auto rest = text.substr(equals + 1);
  while (true) {
    const auto comma = std::min(rest.find(','), rest.size());
    if (comma == 0) return invalid(fmt::format("'{}' has an empty value", text));
    out.values.emplace_back(rest.substr(0, comma));
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  if (out.values.size() > kMaxVariedValues) {
    return invalid(fmt::format("'{}': more than {} values", out.key, kMaxVariedValues));
  }
  return out;
}

core::Result<std::vector<Varied>> load_varied(std::string_view yaml) {
  const auto parsed = parse_yaml(yaml);
  if (const auto* problem = std::get_if<Problem>(&parsed)) {
    return at({problem->line, problem->column}, problem->reason);
  }
  const auto& root = std::get<YamlNode>(parsed);
  if (root.kind != YamlNode::Kind::kMap || root.entries.empty()) {
    return at(root.place, "allowed: a map of keys to lists or ranges");
  }
  if (const auto unsound = find_unsound(root)) {
    return unsound_at(*unsound,
                      "allowed: a list of values, or a range { from: 1, to: 5, step: 1 }");
  }
  std::vector<Varied> out;
  for (const auto& entry : root.entries) {
    const bool list = entry.value.kind == YamlNode::Kind::kList;
    if (!list && entry.value.kind != YamlNode::Kind::kMap) {
      return at(entry.value.place,
                "allowed: a list of values, or a range { from: 1, to: 5, step: 1 }");
    }
    auto values = list ? list_values(entry.value) : range_values(entry.value);
    if (!values) return values.error();
    out.push_back({entry.key, std::move(*values)});
  }
  return out;
}

core::Result<std::string> with_values(std::string_view yaml, std::span<const Replacement> values) {
  // The same bounds as for a configuration that is loaded.
  const auto bounded = parse_yaml(yaml);
  if (const auto* problem = std::get_if<Problem>(&bounded)) {
    return at({problem->line, problem->column}, problem->reason);
  }
  // Written out again, a key without a value would be one that says null.
  if (const auto unsound = find_unsound(std::get<YamlNode>(bounded))) {
    return unsound_at(*unsound, "write null for none");
  }
  try {
    auto root = YAML::Load(std::string(yaml));
    if (!root.IsMap()) return invalid("the configuration is not a map");
    for (const auto& value : values) {
      if (const auto done = replace(root, value); !done) return done.error();
    }
    YAML::Emitter out;
    out << root;
    return std::string(out.c_str(), out.size());
  } catch (const YAML::Exception& e) {
    return invalid(e.what());
  }
}

}  // namespace derivd::config

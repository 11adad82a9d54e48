// The one file of the room that knows YAML.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "sim/faults.hpp"
#include "sim/text_file.hpp"

namespace derivd::sim {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxFaultFile = 1U << 20U;
/// Aliases counted with all that they repeat.
constexpr std::size_t kMaxValues = 50'000;

/// Plain scalars that are JSON numbers or booleans become such; all others are text.
Json scalar(const YAML::Node& node) {
  const std::string text = node.Scalar();
  if (node.Tag() == "!") return Json::string(text);  // quoted
  auto parsed = Json::parse(text);
  if (parsed && !parsed->is_object() && !parsed->is_array() && !parsed->is_string()) return *parsed;
  return Json::string(text);
}

/// `left`: how many values it may still have.
Json convert(const YAML::Node& node, int depth, std::size_t& left) {
  if (depth > kMaxDepth || left == 0) return {};
  --left;
  if (node.IsSequence()) {
    Json out = Json::array();
    for (const auto& item : node) out.push(convert(item, depth + 1, left));
    return out;
  }
  if (node.IsMap()) {
    Json out = Json::object();
    for (const auto& member : node)
      out.set(member.first.Scalar(), convert(member.second, depth + 1, left));
    return out;
  }
  if (node.IsScalar()) return scalar(node);
  return {};
}

}  // namespace

core::Result<Json> read_yaml_file(const std::string& path) {
  try {
    const auto text = read_text(path, kMaxFaultFile);
    if (!text) return text.error();
    std::size_t left = kMaxValues;
    auto faults = convert(YAML::Load(*text), 0, left);
    if (left == 0) return core::invalid(fmt::format("{}: more than {} values", path, kMaxValues));
    return faults;
  } catch (const YAML::Exception& e) {
    return core::invalid(
        fmt::format("{}:{}:{}: {}", path, e.mark.line + 1, e.mark.column + 1, e.msg));
  }
}

}  // namespace derivd::sim

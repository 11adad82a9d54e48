// The one file of the room that knows YAML.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "sim/faults.hpp"

namespace derivd::sim {
namespace {

constexpr int kMaxDepth = 8;

/// Plain scalars that are JSON numbers or booleans become such; all others are text.
Json scalar(const YAML::Node& node) {
  const std::string text = node.Scalar();
  if (node.Tag() == "!") return Json::string(text);  // quoted
  auto parsed = Json::parse(text);
  if (parsed && !parsed->is_object() && !parsed->is_array() && !parsed->is_string()) return *parsed;
  return Json::string(text);
}

Json convert(const YAML::Node& node, int depth) {
  if (depth > kMaxDepth) return {};
  if (node.IsSequence()) {
    Json out = Json::array();
    for (const auto& item : node) out.push(convert(item, depth + 1));
    return out;
  }
  if (node.IsMap()) {
    Json out = Json::object();
    for (const auto& member : node)
      out.set(member.first.Scalar(), convert(member.second, depth + 1));
    return out;
  }
  if (node.IsScalar()) return scalar(node);
  return {};
}

}  // namespace

core::Result<Json> read_fault_file(const std::string& path) {
  try {
    return convert(YAML::LoadFile(path), 0);
  } catch (const YAML::BadFile&) {
    return core::Error{core::ErrorKind::kNotFound, fmt::format("cannot read {}", path)};
  } catch (const YAML::Exception& e) {
    return core::invalid(
        fmt::format("{}:{}:{}: {}", path, e.mark.line + 1, e.mark.column + 1, e.msg));
  }
}

}  // namespace derivd::sim

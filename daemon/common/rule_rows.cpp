#include "common/rule_rows.hpp"

#include <nlohmann/json.hpp>

namespace derivd::daemon {

nlohmann::ordered_json rule_row(const rules::RuleView& rule) {
  nlohmann::ordered_json row;
  row["when"] = rule.when;
  row["result"] = rule.result;
  row["tick"] = rule.at ? nlohmann::ordered_json(rule.at->s) : nlohmann::ordered_json(nullptr);
  row["parts"] = nlohmann::ordered_json::array();
  for (const auto& part : rule.parts) {
    row["parts"].push_back({{"part", part.text}, {"value", part.value}});
  }
  return row;
}

}  // namespace derivd::daemon

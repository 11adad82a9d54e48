// Owns the words for a price that the daemon told, answered or refused. quote and quotes record
// print them; whatever a daemon that was taken over may answer, they are fit to be shown. It asks
// nobody.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace derivd::ctl {

/// The venue's words for a refused row, and the exit code for it.
struct PriceRefusal {
  int code = 0;
  std::string text;
};
PriceRefusal refusal_of(const nlohmann::ordered_json& row);

/// An answered row as people read it, within 80 columns.
std::string price_text(const nlohmann::ordered_json& row);

}  // namespace derivd::ctl

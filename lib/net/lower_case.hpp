// Owns the lower case of names that mean the same in either case: of hosts, schemes and headers.
// It never changes what is not ASCII.
#pragma once

#include <cctype>
#include <string>
#include <string_view>

namespace derivd::net {

inline std::string lower_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace derivd::net

#include <stdexcept>

#include "core/check.hpp"
#include "net/net.hpp"

namespace derivd::net {

std::string_view name_of(Step step) {
  switch (step) {
    case Step::kResolve:
      return "resolve";
    case Step::kConnect:
      return "connect";
    case Step::kProxy:
      return "proxy";
    case Step::kTls:
      return "tls";
    case Step::kUpgrade:
      return "upgrade";
    case Step::kOpen:
      return "open";
  }
  DERIVD_CHECK(false, "unknown step");
}

void throw_exception_from_error(const LinkError& e, const boost::source_location&) {
  throw std::runtime_error(e.error.text);
}

}  // namespace derivd::net

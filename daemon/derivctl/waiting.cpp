#include "derivctl/waiting.hpp"

#include <fmt/format.h>

#include <utility>

#include "common/output.hpp"

namespace derivd::ctl {
namespace {
constexpr std::size_t kMaxSaid = 20;  // lines; texts of the venue may differ each time
}  // namespace

Waiting::Waiting(boost::asio::io_context& io, std::function<std::string()> what)
    : what_(std::move(what)), timer_(io) {
  look_again();
}

void Waiting::look_again() {
  timer_.expires_after(kSaidAfter);
  timer_.async_wait(
      [this, still = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
        if (error || still.expired()) return;
        // Once for each thing that is waited for, however often it is tried.
        const auto now = what_();
        if (!now.empty() && said_.size() < kMaxSaid && said_.insert(now).second) {
          out::error("derivctl: {} …\n", now);
        }
        look_again();
      });
}

}  // namespace derivd::ctl

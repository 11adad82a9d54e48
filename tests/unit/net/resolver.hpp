// Owns the test program's own getaddrinfo(), which stands before the C library's: some names under
// .test never answer or have several addresses, without any name server.
#pragma once

namespace derivd::net {

/// While it lives, looking up "slow.test" blocks; its end lets the look-up fail.
class SlowName final {
 public:
  SlowName();
  SlowName(const SlowName&) = delete;
  SlowName& operator=(const SlowName&) = delete;
  ~SlowName();
};
// "several.test" is 127.0.0.2, where tests listen on nothing, then 127.0.0.1.
// "unknown.test" does not exist.

}  // namespace derivd::net

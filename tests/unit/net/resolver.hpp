// Owns the test program's own getaddrinfo(), which stands before the C library's: some names under
// .test never answer or have several addresses, without any name server.
#pragma once

#include <string>

namespace derivd::net {

/// While it lives, looking up its name blocks; its end lets the look-ups fail. One at a time. Each
/// test has a name of its own, NAME.slow.test: threads of an earlier one may still be on their way.
class SlowName final {
 public:
  explicit SlowName(const std::string& name);
  SlowName(const SlowName&) = delete;
  SlowName& operator=(const SlowName&) = delete;
  ~SlowName();
  /// Look-ups of the name that block now.
  static int waiting();
  /// Waits without the loop until there are `count` of them; false when there were not in time.
  static bool reaches(int count);
};
// "several.test" is 127.0.0.2, where tests listen on nothing, then 127.0.0.1.
// "unknown.test" does not exist.

/// While it lives, "localhost" has eight addresses at which nothing listens (127.0.0.11 to 18), and
/// then 127.0.0.1.
class NineAddresses final {
 public:
  NineAddresses();
  NineAddresses(const NineAddresses&) = delete;
  NineAddresses& operator=(const NineAddresses&) = delete;
  ~NineAddresses();
};

}  // namespace derivd::net

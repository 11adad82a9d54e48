#include "threads/without_signals.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <vector>

using namespace derivd;

namespace {

/// The signals that this thread has blocked. Those that the C library keeps to itself are no
/// thread's to block, and sigismember() refuses them.
std::vector<int> blocked() {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  std::vector<int> out;
  for (int i = 1; i <= SIGRTMAX; ++i) {
    if (::sigismember(&mask, i) == 1) out.push_back(i);
  }
  return out;
}

/// All that can be blocked: the kernel leaves two alone, whatever it is asked for.
std::vector<int> all() {
  sigset_t full;
  ::sigfillset(&full);
  std::vector<int> out;
  for (int i = 1; i <= SIGRTMAX; ++i) {
    if (i != SIGKILL && i != SIGSTOP && ::sigismember(&full, i) == 1) out.push_back(i);
  }
  return out;
}

/// A mask that is neither empty nor full, so that "as before" can be told from both.
class OneBlocked : public testing::Test {
 protected:
  OneBlocked() {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGUSR2);
    ::pthread_sigmask(SIG_SETMASK, &one, &before_);
  }
  ~OneBlocked() override { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

/// No address space holds the stack of a thread that is made meanwhile.
class NoThreadToBeHad {
 public:
  NoThreadToBeHad() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    ::pthread_attr_init(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 50);
    set_ = ::pthread_setattr_default_np(&huge) == 0;
    ::pthread_attr_destroy(&huge);
  }
  ~NoThreadToBeHad() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  NoThreadToBeHad(const NoThreadToBeHad&) = delete;
  NoThreadToBeHad& operator=(const NoThreadToBeHad&) = delete;

  bool is_so() const { return set_; }

 private:
  pthread_attr_t before_{};
  bool set_ = false;
};

using WithoutSignals = OneBlocked;

TEST_F(WithoutSignals, TheThreadHasAllBlockedAndItsStarterWhatItHad) {
  std::vector<int> seen;
  auto thread = threads::start_without_signals([&] { seen = blocked(); });
  EXPECT_EQ(blocked(), std::vector<int>{SIGUSR2});
  thread.join();
  EXPECT_EQ(seen, all());
}

TEST_F(WithoutSignals, TheStarterHasWhatItHadAlsoWhenNoThreadIsToBeHad) {
  bool ran = false;
  {
    const NoThreadToBeHad none;
    ASSERT_TRUE(none.is_so());
    EXPECT_THROW((void)threads::start_without_signals([&] { ran = true; }), std::system_error);
  }
  EXPECT_EQ(blocked(), std::vector<int>{SIGUSR2});
  EXPECT_FALSE(ran);
}

}  // namespace

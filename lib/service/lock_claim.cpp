#include "service/lock_claim.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <pwd.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <set>
#include <system_error>
#include <thread>

#include "service/peer.hpp"
#include "service/unique_fd.hpp"
#include "threads/without_signals.hpp"

namespace derivd::service {
namespace {

using std::chrono::steady_clock;

// scrypt(2^14, 8, 1): 16 MB and some 50 ms for each guess.
constexpr std::uint64_t kCost = std::uint64_t{1} << 14;
constexpr std::uint64_t kBlock = 8;
constexpr std::uint64_t kMemory = std::uint64_t{32} << 20;
constexpr std::string_view kSalt = "derivd account lock 1";

constexpr std::string_view kPrefix = "derivd-lock/";
constexpr std::size_t kQuestion = 16;
/// Both sides of one question; a daemon answers at once.
constexpr auto kPatience = std::chrono::seconds(1);
/// Asked at a time, and being answered at a time. More claims of one account than this are noise.
constexpr std::size_t kMaxAsked = 64;
constexpr std::size_t kMaxAnswered = 16;
/// Of a claim's name, behind its prefix: eight random bytes.
constexpr std::size_t kRandomDigits = 16;
constexpr const char* kServiceUser = "derivd";

std::string hex(const std::uint8_t* bytes, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

core::Error claim_error(std::string_view what, int error) {
  return core::io_error(fmt::format("claim of the account: {}: {}", what, std::strerror(error)));
}

struct Address {
  sockaddr_un address{};
  socklen_t size = 0;
  explicit Address(std::string_view name) {
    address.sun_family = AF_UNIX;
    // sun_path[0] stays 0: abstract, no file.
    const auto length = std::min(name.size(), sizeof address.sun_path - 1);
    std::copy_n(name.begin(), length, address.sun_path + 1);
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

int left(steady_clock::time_point until) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 60'000));
}

/// Whose processes could do as they like with our daemon anyway.
bool is_trusted(uid_t uid) {
  if (uid == 0 || uid == ::geteuid()) return true;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> room;
  return ::getpwnam_r(kServiceUser, &entry, room.data(), room.size(), &found) == 0 &&
         found != nullptr && found->pw_uid == uid;
}

// ---- answering ----

/// The thread's side of a claim.
class Answerer {
 public:
  Answerer(const AccountKey& key, const std::string& name, int listener, int stop)
      : key_(key), name_(name), listener_(listener), stop_(stop) {}

  void run() {
    for (;;) {
      std::vector<pollfd> all{{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& asker : askers_) all.push_back({asker.fd.get(), POLLIN, 0});
      ::poll(all.data(), all.size(), askers_.empty() ? -1 : left(askers_.front().until));
      if (all[0].revents != 0) return;
      for (std::size_t i = 0; i < askers_.size(); ++i) {
        if (all[i + 2].revents != 0) answer(askers_[i]);
      }
      const auto now = steady_clock::now();
      std::erase_if(askers_, [&](const Asker& a) { return !a.fd || a.until <= now; });
      if (all[1].revents != 0) welcome();
    }
  }

 private:
  struct Asker {
    UniqueFd fd;
    steady_clock::time_point until;
    std::string question;
  };

  void welcome() {
    UniqueFd fd(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      // Out of descriptors, mostly: the listener would be ready again at once.
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) ::poll(nullptr, 0, 100);
      return;
    }
    if (askers_.size() >= kMaxAnswered) askers_.erase(askers_.begin());
    askers_.push_back({std::move(fd), steady_clock::now() + kPatience, {}});
  }

  void answer(Asker& asker) {
    std::array<char, kQuestion> chunk;
    const auto n =
        ::recv(asker.fd.get(), chunk.data(), kQuestion - asker.question.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n > 0) asker.question.append(chunk.data(), static_cast<std::size_t>(n));
    if (n > 0 && asker.question.size() < kQuestion) return;
    if (n > 0) {
      const auto proof = key_.proof(name_ + asker.question);
      (void)::send(asker.fd.get(), proof.data(), proof.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    asker.fd = UniqueFd();
  }

  const AccountKey& key_;
  const std::string& name_;
  int listener_;
  int stop_;
  std::vector<Asker> askers_;  // the one that came first in front
};

// ---- asking ----

/// The claims of an account that the kernel lists, but our own.
std::set<std::string> claims_of(std::string_view prefix, std::string_view own) {
  std::set<std::string> names;
  // Not /proc/net: the service's /proc shows processes alone.
  std::ifstream list("/proc/self/net/unix");
  std::string line;
  while (std::getline(list, line)) {
    // The name is the last column; '@' stands for the zero byte in front of it.
    const auto at = line.find(fmt::format(" @{}", prefix));
    if (at == std::string::npos) continue;
    const auto name = std::string_view(line).substr(at + 2);
    if (name.size() == prefix.size() + kRandomDigits && name != own)
      names.insert(std::string(name));
  }
  return names;
}

struct Asked {
  std::string name;
  UniqueFd fd;
  std::string question;
  std::string answer;
  pid_t pid = 0;
  uid_t uid = 0;
};

/// Empty: nobody is there (any more), or nobody listens. One whose queue is full is nobody: a
/// daemon takes its askers at once.
std::optional<Asked> ask(const std::string& name) {
  Asked asked;
  asked.name = name;
  asked.fd = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Address to(name);
  if (!asked.fd || ::connect(asked.fd.get(), to.get(), to.size) != 0) return std::nullopt;
  const auto peer = peer_of(asked.fd.get());
  if (!peer) return std::nullopt;
  asked.pid = peer->pid;
  asked.uid = peer->uid;
  asked.question.resize(kQuestion);
  if (::getrandom(asked.question.data(), kQuestion, 0) != static_cast<ssize_t>(kQuestion) ||
      ::send(asked.fd.get(), asked.question.data(), kQuestion, MSG_NOSIGNAL) !=
          static_cast<ssize_t>(kQuestion)) {
    return std::nullopt;
  }
  return asked;
}

std::string process_of(const Asked& asked) {
  return fmt::format(" (process {} of uid {})", asked.pid, asked.uid);
}

/// Reads the answers until all have come, the peers have gone, or the time is over.
void hear(std::vector<Asked>& all) {
  const auto until = steady_clock::now() + kPatience;
  while (steady_clock::now() < until) {
    std::vector<pollfd> waiting;
    std::vector<Asked*> of;
    for (auto& asked : all) {
      if (!asked.fd || asked.answer.size() >= AccountKey::kSize) continue;
      waiting.push_back({asked.fd.get(), POLLIN, 0});
      of.push_back(&asked);
    }
    if (waiting.empty()) return;
    ::poll(waiting.data(), waiting.size(), left(until));
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      std::array<char, AccountKey::kSize> chunk;
      const auto n = ::recv(waiting[i].fd, chunk.data(), chunk.size() - of[i]->answer.size(), 0);
      if (n > 0) {
        of[i]->answer.append(chunk.data(), static_cast<std::size_t>(n));
      } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        of[i]->fd = UniqueFd();
      }
    }
  }
}

std::string prefix_of(const AccountKey& key) { return fmt::format("{}{}/", kPrefix, key.name()); }

/// Asks every claim of the account but our own, which may be none.
Claim::Others ask_claims(const AccountKey& key, const std::string& prefix, std::string_view own) {
  Claim::Others others;
  std::vector<Asked> all;
  const auto names = claims_of(prefix, own);
  for (const auto& name : names) {
    if (all.size() >= kMaxAsked) break;
    auto asked = ask(name);
    if (!asked) continue;
    if (is_trusted(asked->uid)) {
      others.held_by = process_of(*asked);
      return others;
    }
    all.push_back(std::move(*asked));
  }
  hear(all);
  for (const auto& asked : all) {
    // With the name of whom was asked: an answer that was had from somebody else, ourselves
    // included, proves nothing.
    const auto proof = key.proof(asked.name + asked.question);
    const std::string_view right(reinterpret_cast<const char*>(proof.data()), proof.size());
    if (asked.answer == right) {
      others.held_by = process_of(asked);
      return others;
    }
    others.notes.push_back(
        fmt::format("process {} of uid {} claims the account without knowing it; ignored",
                    asked.pid, asked.uid));
  }
  if (names.size() > kMaxAsked) {
    others.notes.push_back(fmt::format("{} processes claim the account", names.size()));
  }
  return others;
}

class ClaimImpl final : public Claim {
 public:
  ClaimImpl(const AccountKey& key, std::string prefix, std::string name, UniqueFd listener,
            UniqueFd stop)
      : key_(key),
        prefix_(std::move(prefix)),
        name_(std::move(name)),
        listener_(std::move(listener)),
        stop_(std::move(stop)) {
    try {
      thread_ = threads::start_without_signals([this] { answer(); });
    } catch (const std::system_error&) {  // then it proves nothing to others; our own file does
    }
  }
  ~ClaimImpl() override {
    const std::uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof one);
    if (thread_.joinable()) thread_.join();
  }
  ClaimImpl(const ClaimImpl&) = delete;
  ClaimImpl& operator=(const ClaimImpl&) = delete;

  Others ask_others() override { return ask_claims(key_, prefix_, name_); }

 private:
  void answer() noexcept {
    try {
      Answerer(key_, name_, listener_.get(), stop_.get()).run();
    } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory; it proves nothing any more
    }
  }

  AccountKey key_;
  std::string prefix_;
  std::string name_;
  UniqueFd listener_;
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace

core::Result<AccountKey> AccountKey::of(std::string_view account) {
  Bytes key{};
  if (::EVP_PBE_scrypt(account.data(), account.size(),
                       reinterpret_cast<const unsigned char*>(kSalt.data()), kSalt.size(), kCost,
                       kBlock, 1, kMemory, key.data(), key.size()) != 1) {
    return core::io_error("the lock's key cannot be computed");
  }
  return AccountKey(key);
}

AccountKey::Bytes AccountKey::proof(std::string_view question) const {
  Bytes out{};
  unsigned int size = 0;
  ::HMAC(::EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
         reinterpret_cast<const unsigned char*>(question.data()), question.size(), out.data(),
         &size);
  return out;
}

std::string AccountKey::name() const { return hex(proof("name").data(), kSize / 2); }

Claim::Others Claim::ask(const AccountKey& key) { return ask_claims(key, prefix_of(key), {}); }

core::Result<std::unique_ptr<Claim>> Claim::make(const AccountKey& key) {
  std::array<std::uint8_t, kRandomDigits / 2> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return claim_error("random bytes", errno);
  }
  auto prefix = prefix_of(key);
  auto name = prefix + hex(random.data(), random.size());
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const Address at(name);
  if (!listener || !stop) return claim_error("socket", errno);
  if (::bind(listener.get(), at.get(), at.size) != 0) return claim_error("bind", errno);
  if (::listen(listener.get(), static_cast<int>(kMaxAnswered)) != 0)
    return claim_error("listen", errno);
  return std::unique_ptr<Claim>(std::make_unique<ClaimImpl>(key, std::move(prefix), std::move(name),
                                                            std::move(listener), std::move(stop)));
}

}  // namespace derivd::service

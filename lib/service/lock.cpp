#include "service/lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "service/lock_claim.hpp"
#include "service/unique_fd.hpp"

namespace derivd::service {
namespace {

/// Longer than any name of an account and a host.
constexpr std::size_t kMaxAccount = 400;
/// A holder that goes away takes its file with it, between our open and our lock: then again.
constexpr int kMaxTries = 16;

std::string reason(int error) { return std::strerror(error); }

core::Error held_by(std::string_view account, std::string_view who) {
  return {core::ErrorKind::kRefused,
          fmt::format("another derivd on this machine{} holds the account {}; stop it first "
                      "(systemctl status 'derivd*' shows which)",
                      who, account)};
}

/// Where a user's daemons find each other, wherever they were started. The first is made by the
/// package for the service's user; the others are made when they are needed. All of them are gone
/// with the next boot, like the processes.
struct LockPlace {
  std::string path;
  bool made_by_us;
};
std::array<LockPlace, 3> places() {
  const auto uid = ::geteuid();
  return {LockPlace{"/run/lock/derivd", false},
          LockPlace{fmt::format("/run/lock/derivd-{}", uid), true},
          LockPlace{fmt::format("/dev/shm/derivd-{}", uid), true}};
}

/// The directory, if this user alone may write it. Why not, where that is worth a word.
UniqueFd open_place(const LockPlace& place, std::string& why) {
  if (place.made_by_us && ::mkdir(place.path.c_str(), 0700) != 0 && errno != EEXIST) return {};
  UniqueFd directory(::open(place.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!directory || ::fstat(directory.get(), &info) != 0) {
    if (errno != ENOENT && place.made_by_us) why = fmt::format("{}: {}", place.path, reason(errno));
    return {};
  }
  if (info.st_uid == ::geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return directory;
  if (place.made_by_us) {
    why = fmt::format("{} belongs to uid {} with mode {:o}, so it keeps no lock of ours",
                      place.path, info.st_uid, info.st_mode & 07777);
  }
  return {};
}

/// The locked file; it goes with the lock.
class LockedFile {
 public:
  LockedFile(UniqueFd directory, UniqueFd file, std::string name)
      : directory_(std::move(directory)), file_(std::move(file)), name_(std::move(name)) {}
  LockedFile(LockedFile&&) = default;
  LockedFile& operator=(LockedFile&&) = delete;
  ~LockedFile() {
    if (file_) ::unlinkat(directory_.get(), name_.c_str(), 0);
  }

 private:
  UniqueFd directory_;
  UniqueFd file_;
  std::string name_;
};

/// " (process 123)", when its holder wrote that.
std::string holder_of(int file) {
  std::array<char, 16> text{};
  const auto n = ::pread(file, text.data(), text.size(), 0);
  const std::string_view pid(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  const auto digits = pid.substr(0, pid.find('\n'));
  return digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos
             ? std::string{}
             : fmt::format(" (process {})", digits);
}

bool is_linked(int directory, const std::string& name, int file) {
  struct stat there {};
  struct stat ours {};
  return ::fstatat(directory, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstat(file, &ours) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

core::Result<LockedFile> lock_file(UniqueFd directory, const std::string& name,
                                   std::string_view account) {
  for (int i = 0; i < kMaxTries; ++i) {
    UniqueFd file(
        ::openat(directory.get(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return core::io_error(fmt::format("lock of the account: {}", reason(errno)));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return held_by(account, holder_of(file.get()));
      return core::io_error(fmt::format("lock of the account: {}", reason(errno)));
    }
    if (!is_linked(directory.get(), name, file.get())) continue;
    const auto pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(file.get(), 0) == 0) (void)!::pwrite(file.get(), pid.data(), pid.size(), 0);
    return LockedFile(std::move(directory), std::move(file), name);
  }
  return core::io_error("lock of the account: its file comes and goes");
}

class AccountLock final : public InstanceLock {
 public:
  AccountLock(std::optional<LockedFile> file, std::unique_ptr<Claim> claim,
              std::vector<std::string> notes)
      : file_(std::move(file)), claim_(std::move(claim)), notes_(std::move(notes)) {}
  const std::vector<std::string>& notes() const override { return notes_; }

 private:
  // The claim goes first: whoever gets the file finds no claim any more.
  std::optional<LockedFile> file_;
  std::unique_ptr<Claim> claim_;
  std::vector<std::string> notes_;
};

}  // namespace

// The abstract name space belongs to the network name space: two containers with networks and file
// systems of their own do not see each other's lock.
core::Result<std::unique_ptr<InstanceLock>> lock_account(std::string_view account) {
  if (account.empty() || account.size() > kMaxAccount) {
    return core::invalid(
        fmt::format("'{}' cannot be the name of an account", account.substr(0, 40)));
  }
  const auto key = AccountKey::of(account);
  if (!key) return key.error();
  std::vector<std::string> notes;
  std::optional<LockedFile> file;
  for (const auto& place : places()) {
    std::string why;
    auto directory = open_place(place, why);
    if (!why.empty()) notes.push_back(std::move(why));
    if (!directory) continue;
    auto locked = lock_file(std::move(directory), key->name(), account);
    if (locked) {
      file.emplace(std::move(*locked));
      break;
    }
    if (locked.error().kind == core::ErrorKind::kRefused) return locked.error();
    notes.push_back(locked.error().text);
  }
  if (!file) notes.emplace_back("there is no directory for the lock's file: /run/lock/derivd");
  auto claim = Claim::make(*key);
  if (!claim) {
    if (!file) return claim.error();
    notes.push_back(claim.error().text);
    return std::unique_ptr<InstanceLock>(
        std::make_unique<AccountLock>(std::move(file), nullptr, std::move(notes)));
  }
  auto others = (*claim)->ask_others();
  if (others.held_by) return held_by(account, *others.held_by);
  notes.insert(notes.end(), others.notes.begin(), others.notes.end());
  return std::unique_ptr<InstanceLock>(
      std::make_unique<AccountLock>(std::move(file), std::move(*claim), std::move(notes)));
}

std::optional<std::string> holder_of_account(std::string_view account) {
  if (account.empty() || account.size() > kMaxAccount) return std::nullopt;
  const auto key = AccountKey::of(account);
  return key ? Claim::ask(*key).held_by : std::nullopt;
}

}  // namespace derivd::service

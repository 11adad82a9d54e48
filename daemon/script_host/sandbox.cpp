#include "script_host/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace derivd::script_host {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the allow list of system calls is written for amd64 and arm64"
#endif

/// What the JavaScript engine needs when it compiles to no machine code: memory, threads of its own
/// for the garbage, time, the channel.
constexpr long kAllowed[] = {
    SYS_read,
    SYS_write,
    SYS_close,
    SYS_dup,
    SYS_fstat,
    SYS_pread64,
    SYS_ppoll,
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_membarrier,
    SYS_futex,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_gettid,
    SYS_getpid,
    SYS_exit,
    SYS_exit_group,
    SYS_restart_syscall,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_timer_create,
    SYS_timer_settime,
    SYS_getrandom,
    SYS_getrusage,
    SYS_sysinfo,
    SYS_uname,
    SYS_eventfd2,
    SYS_rt_sigprocmask,
    SYS_rt_sigaction,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
#if defined(__x86_64__)
    SYS_poll,
    SYS_time,
#endif
};

/// What nothing in the process ever does in earnest: whoever tries has taken it over.
constexpr long kDeadly[] = {
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept4,
    SYS_sendto,
    SYS_sendmsg,
    SYS_kill,
    SYS_tkill,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_setns,
    SYS_unshare,
    SYS_mount,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_keyctl,
    SYS_add_key,
    SYS_io_uring_setup,
    SYS_userfaultfd,
    SYS_init_module,
    SYS_finit_module,
    SYS_kexec_load,
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
#endif
};

constexpr std::uint32_t low_half(int argument) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args)) +
         static_cast<std::uint32_t>(argument) * 8;  // both machines are little-endian
}

class Filter final {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    unless(BPF_JEQ, kArchitecture);
    give(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    constexpr std::uint32_t kX32 = 0x40000000;
    when(BPF_JGE, kX32);
    give(SECCOMP_RET_KILL_PROCESS);
#endif
  }
  void one(long call, std::uint32_t verdict) {
    when(BPF_JEQ, static_cast<std::uint32_t>(call));
    give(verdict);
  }
  /// Allowed where `argument` & `mask` is `value`, else refused.
  void where(long call, int argument, std::uint32_t mask, std::uint32_t value) {
    constexpr std::uint8_t kBody = 5;
    jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, kBody);
    load(low_half(argument));
    code_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    when(BPF_JEQ, value);
    give(SECCOMP_RET_ALLOW);
    give(SECCOMP_RET_ERRNO | EPERM);
  }
  std::vector<sock_filter> finish() {
    give(SECCOMP_RET_ERRNO | EPERM);
    return std::move(code_);
  }

 private:
  void load(std::uint32_t offset) { code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); }
  void give(std::uint32_t verdict) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, verdict)); }
  void jump(std::uint16_t how, std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    code_.push_back(BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | how | BPF_K), value, yes, no));
  }
  /// What follows is for what is not so; else it is passed over.
  void unless(std::uint16_t how, std::uint32_t value) { jump(how, value, 1, 0); }
  void when(std::uint16_t how, std::uint32_t value) { jump(how, value, 0, 1); }
  std::vector<sock_filter> code_;
};

std::vector<sock_filter> allow_list() {
  Filter filter;
  for (const auto call : kDeadly) filter.one(call, SECCOMP_RET_KILL_PROCESS);
  for (const auto call : kAllowed) filter.one(call, SECCOMP_RET_ALLOW);
  filter.where(SYS_mmap, 2, PROT_EXEC, 0);
  filter.where(SYS_mprotect, 2, PROT_EXEC, 0);
  // Threads, no processes. What clone3 asks for lies in memory, where a filter cannot look: without
  // it the C library falls back to clone.
  constexpr std::uint32_t kThread = CLONE_THREAD | CLONE_VM;
  filter.where(SYS_clone, 0, kThread, kThread);
  filter.one(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  constexpr std::uint32_t kAll = 0xffffffff;
  filter.where(SYS_tgkill, 0, kAll, static_cast<std::uint32_t>(::getpid()));
  filter.where(SYS_prctl, 0, kAll, PR_SET_NAME);
  filter.where(SYS_prlimit64, 0, kAll, 0);  // its own
  return filter.finish();
}

bool close_calls() {
  auto code = allow_list();
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// The kernel's own, of each version of the interface; a header of the build would know some.
struct LandlockRules {
  std::uint64_t files;
  std::uint64_t network;
  std::uint64_t scoped;
};

/// Every kind of access that this kernel can refuse, and no exception.
bool close_files() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  constexpr int kBitsOfFiles[] = {13, 14, 15, 15, 16};  // by version
  constexpr long kNetwork = 4;
  constexpr long kScopes = 6;
  const auto known = std::min<long>(version, static_cast<long>(std::size(kBitsOfFiles)));
  LandlockRules rules{(std::uint64_t{1} << kBitsOfFiles[known - 1]) - 1,
                      version >= kNetwork ? 3U : 0U, version >= kScopes ? 3U : 0U};
  const auto size = version >= kScopes    ? sizeof(LandlockRules)
                    : version >= kNetwork ? 2 * sizeof(std::uint64_t)
                                          : sizeof(std::uint64_t);
  const auto set = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, size, 0));
  if (set < 0) return false;
  const bool done = ::syscall(SYS_landlock_restrict_self, set, 0) == 0;
  ::close(set);
  return done;
}

/// Nobody's user, no network but a loopback that is down, no shared memory of others.
bool close_namespaces() {
  return ::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0;
}

bool limit(decltype(RLIMIT_CORE) what, rlim_t most) {
  const rlimit bound{most, most};
  return ::setrlimit(what, &bound) == 0;
}

/// What the process may still have is opened now and put where it belongs; the rest is closed.
core::Result<void> arrange_descriptors() {
  const auto failed = [](const char* what) {
    return core::io_error(fmt::format("{}: {}", what, std::strerror(errno)));
  };
  const int null = ::openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return failed("/dev/null");
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    if (::dup2(null, fd) < 0) return failed("/dev/null");
  }
  ::syscall(SYS_close_range, kChannel + 1, ~0U, 0);
  // The lowest free number each time.
  if (::openat(AT_FDCWD, "/proc/self/statm", O_RDONLY | O_CLOEXEC) != kMemory)
    return failed("/proc/self/statm");
  if (::openat(AT_FDCWD, "/dev/urandom", O_RDONLY | O_CLOEXEC) != kRandom)
    return failed("/dev/urandom");
  return {};
}

}  // namespace

core::Result<std::string> close_sandbox() {
  // The parent may be gone already; then the channel is at its end and the first read says so.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return core::io_error(fmt::format("no_new_privs: {}", std::strerror(errno)));
  }
  if (auto done = arrange_descriptors(); !done) return done.error();
  std::string layers;
  const auto layer = [&](bool stands, std::string_view name) {
    if (stands) layers += fmt::format("{}{}", layers.empty() ? "" : " ", name);
    return stands;
  };
  layer(close_namespaces(), "namespaces");
  layer(close_files(), "landlock");
  // It opens nothing and writes no file; more than these descriptors are a leak or an attack.
  constexpr rlim_t kDescriptors = 16;
  layer(limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, kDescriptors) &&
            limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0),
        "limits");
  if (!layer(close_calls(), "seccomp")) {
    return core::io_error(fmt::format("seccomp: {}", std::strerror(errno)));
  }
  return layers;
}

}  // namespace derivd::script_host

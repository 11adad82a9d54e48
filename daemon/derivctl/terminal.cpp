#include "derivctl/terminal.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "common/last_words.hpp"
#include "common/output.hpp"
#include "service/credential.hpp"

namespace derivd::ctl {
namespace {

constexpr std::size_t kMaxAnswer = 1000;
constexpr int kTerminalMaxTries = 3;

// A signal handler can reach nothing else.
termios loud{};
termios quiet{};

// What is said at an interrupt: read by a handler.
std::atomic<const char*> parting_words{nullptr};
static_assert(std::atomic<const char*>::is_always_lock_free);

void say_parting_words() {
  const char* const words = parting_words;
  if (words != nullptr) out::say_in_handler(words);
}

void on_interrupt(int number) {
  say_parting_words();
  // By its own signal, as the shell expects, once this handler has returned.
  std::signal(number, SIG_DFL);
  ::raise(number);
}

void on_signal(int number) {
  const int error = errno;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &loud);
  if (number == SIGTSTP) {
    ::raise(SIGSTOP);  // goes on here when continued
    ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    errno = error;
    return;
  }
  if (number == SIGINT) say_parting_words();
  std::signal(number, SIG_DFL);
  ::raise(number);
  errno = error;
}

/// Echo is off while one of these lives, and on again whatever ends it.
class Quiet final {
 public:
  Quiet() : on_(::tcgetattr(STDIN_FILENO, &loud) == 0) {
    if (!on_) return;
    quiet = loud;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &action, &old_[i]);
      // What was ignored stays ignored (nohup).
      if (old_[i].sa_handler == SIG_IGN) ::sigaction(kSignals[i], &old_[i], nullptr);
    }
    off_ = ::tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet) == 0;
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  ~Quiet() {
    if (!on_) return;
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &loud);
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &old_[i], nullptr);
  }
  bool off() const { return off_; }

 private:
  static constexpr std::array kSignals{SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                       SIGPIPE, SIGALRM, SIGTSTP, SIGABRT};
  bool on_;
  bool off_ = false;
  std::array<struct sigaction, kSignals.size()> old_{};
};

/// Bytes up to the end of the line, one at a time: what follows belongs to the next question.
/// False: the input ended, or the line is too long.
template <std::size_t N>
bool read_line(std::array<char, N>& out, std::size_t& size) {
  size = 0;
  for (;;) {
    char c = 0;
    const auto n = ::read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    if (c == '\n') return true;
    if (size == out.size()) return false;
    out[size++] = c;
  }
}

core::Error no_answer() {
  return core::Error{core::ErrorKind::kRefused,
                     "no answer: the input ended or the line is too long"};
}

}  // namespace

void say_at_interrupt(const char* words) {
  parting_words = words;
  struct sigaction action {};
  ::sigaction(SIGINT, nullptr, &action);
  // What was ignored stays ignored (nohup).
  if (action.sa_handler == SIG_IGN) return;
  action = {};
  action.sa_handler = words == nullptr ? SIG_DFL : on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
}

bool is_interactive() { return ::isatty(STDIN_FILENO) == 1; }

core::Result<std::string> ask_line(std::string_view question, std::string_view otherwise) {
  out::error("{}{}: ", question,
             otherwise.empty() ? std::string{} : fmt::format(" [{}]", otherwise));
  std::array<char, kMaxAnswer> buffer;
  std::size_t size = 0;
  if (!read_line(buffer, size)) return no_answer();
  std::string_view text(buffer.data(), size);
  constexpr std::string_view kBlanks = " \t\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return std::string(otherwise);
  return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

core::Result<bool> ask_yes(std::string_view question, bool otherwise) {
  for (int i = 0; i < kTerminalMaxTries; ++i) {
    const auto answer = ask_line(fmt::format("{} ({})", question, otherwise ? "Y/n" : "y/N"));
    if (!answer) return answer.error();
    if (answer->empty()) return otherwise;
    if (*answer == "y" || *answer == "Y" || *answer == "yes") return true;
    if (*answer == "n" || *answer == "N" || *answer == "no") return false;
    out::error("Please answer y or n.\n");
  }
  return false;
}

core::Result<core::Secret> ask_secret(std::string_view question) {
  std::array<char, service::kMaxToken + 2> buffer;
  std::size_t size = 0;
  bool complete = false;
  {
    const Quiet silence;
    if (!silence.off()) {
      return core::Error{core::ErrorKind::kIo,
                         "the terminal's echo cannot be switched off; use --token-file"};
    }
    out::error("{} (it is not shown): ", question);
    complete = read_line(buffer, size);
  }
  out::error("\n");
  core::Secret typed(std::string(buffer.data(), size));
  ::explicit_bzero(buffer.data(), buffer.size());
  if (!complete) return no_answer();
  return service::token_of(typed, "the token");
}

}  // namespace derivd::ctl

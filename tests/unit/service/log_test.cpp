#include "service/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <map>

#include "service/limiter.hpp"
#include "service/redact.hpp"
#include "unit/service/temp_dir.hpp"

namespace derivd::service {
namespace {

using core::EventKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

core::Event settled() {
  core::Event e;
  e.kind = EventKind::kContractSettled;
  e.text = "won 0.33";
  e.strategy = "parity";
  e.symbol = "1HZ100V";
  e.contract_type = "DIGITODD";
  e.contract_id = {301};
  e.order_id = {7};
  e.stake = core::Money::minor(35);
  e.payout = core::Money::minor(68);
  e.profit = core::Money::minor(33);
  e.reason = "contract stream";
  e.account = "DOT90004580";
  e.state = "live";
  return e;
}

TEST(LogFields, AllThatTheEventHasInTheirOrder) {
  EXPECT_THAT(
      fields_of(settled()),
      ElementsAre(Pair("MESSAGE_ID", "4767106a81d04528bd3b2010cc624fac"), Pair("PRIORITY", "5"),
                  Pair("SYSLOG_IDENTIFIER", "derivd"), Pair("DERIVD_EVENT", "contract_settled"),
                  Pair("DERIVD_STRATEGY", "parity"), Pair("DERIVD_SYMBOL", "1HZ100V"),
                  Pair("DERIVD_CONTRACT_TYPE", "DIGITODD"), Pair("DERIVD_CONTRACT_ID", "301"),
                  Pair("DERIVD_ORDER_ID", "7"), Pair("DERIVD_STAKE", "0.35"),
                  Pair("DERIVD_PAYOUT", "0.68"), Pair("DERIVD_PROFIT", "0.33"),
                  Pair("DERIVD_REASON", "contract stream"), Pair("DERIVD_ACCOUNT", "DOT90004580"),
                  Pair("DERIVD_STATE", "live")));
}

TEST(LogFields, NothingThatTheEventHasNot) {
  core::Event e;
  e.kind = EventKind::kTickGap;
  EXPECT_THAT(fields_of(e), ElementsAre(Pair("MESSAGE_ID", "75f10a416c09416bb4de7b4a92bfe8b7"),
                                        Pair("PRIORITY", "4"), Pair("SYSLOG_IDENTIFIER", "derivd"),
                                        Pair("DERIVD_EVENT", "tick_gap")));
  // A loss is a profit below zero, and a profit of zero is a profit.
  e.profit = core::Money::minor(-35);
  // Of an instance, whose lines somebody reads beside those of another.
  EXPECT_THAT(fields_of(e, "derivd@second"),
              ::testing::Contains(Pair("SYSLOG_IDENTIFIER", "derivd@second")));
  EXPECT_THAT(fields_of(e).back(), Pair("DERIVD_PROFIT", "-0.35"));
  e.profit = core::Money::minor(0);
  EXPECT_THAT(fields_of(e).back(), Pair("DERIVD_PROFIT", "0.00"));
}

TEST(LogLevel, NamesBothWays) {
  EXPECT_EQ(level_from("debug"), Level::kDebug);
  EXPECT_EQ(level_from("info"), Level::kInfo);
  EXPECT_EQ(level_from("notice"), Level::kNotice);
  EXPECT_EQ(level_from("warning"), Level::kWarning);
  EXPECT_EQ(level_from("error"), Level::kError);
  EXPECT_EQ(level_from("warn"), std::nullopt);
  EXPECT_EQ(level_from("INFO"), std::nullopt);
  EXPECT_EQ(level_from(""), std::nullopt);
}

TEST(LogLine, TextReasonOrName) {
  EXPECT_EQ(line_of(settled()), "parity: won 0.33");
  core::Event e;
  e.strategy = "parity";
  e.text = "pausing parity for 10m";
  EXPECT_EQ(line_of(e), "pausing parity for 10m");
  e = {};
  e.kind = EventKind::kSessionLost;
  EXPECT_EQ(line_of(e), "session_lost");
  e.reason = "reset";
  EXPECT_EQ(line_of(e), "session_lost: reset");
}

TEST(JournalStream, OnlyTheVeryStreamMatches) {
  int pipe_fd[2];
  ASSERT_EQ(::pipe(pipe_fd), 0);
  struct stat info {};
  ASSERT_EQ(::fstat(pipe_fd[1], &info), 0);
  const auto name = fmt::format("{}:{}", info.st_dev, info.st_ino);
  EXPECT_TRUE(is_journal_stream(name.c_str(), pipe_fd[1]));
  EXPECT_FALSE(is_journal_stream(name.c_str(), -1));
  EXPECT_FALSE(is_journal_stream(nullptr, pipe_fd[1]));
  for (const auto& bad :
       {fmt::format("{}:{}", info.st_dev, info.st_ino + 1),
        fmt::format("{}:{}", info.st_dev + 1, info.st_ino), name + " ", name + ":1",
        fmt::format("{}", info.st_dev), std::string(":"), std::string("a:b"), std::string()}) {
    EXPECT_FALSE(is_journal_stream(bad.c_str(), pipe_fd[1])) << bad;
  }
  ::close(pipe_fd[0]);
  ::close(pipe_fd[1]);
}

/// Runs with standard error sent to a file, and returns what came: so many lines, which a thread of
/// the log's writes, for which nobody waits long.
template <class F>
std::string stderr_of(std::ptrdiff_t lines, F f) {
  test::TempDir dir;
  const auto path = dir.file("stderr");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const int saved = ::dup(STDERR_FILENO);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ::dup2(fd, STDERR_FILENO);
  ::close(fd);
  f();
  auto text = test::read_file(path);
  while (std::count(text.begin(), text.end(), '\n') < lines &&
         std::chrono::steady_clock::now() < end) {
    ::sched_yield();
    text = test::read_file(path);
  }
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  return text;
}

TEST(TerminalLog, OneLineWithTimeAndLevel) {
  const test::ScopedEnv none("JOURNAL_STREAM", std::nullopt);
  const auto text = stderr_of(1, [] { make_log(Level::kInfo)->write(settled()); });
  EXPECT_THAT(text,
              ::testing::MatchesRegex(
                  "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\\.[0-9]{3}Z notice  parity: won 0.33\n"));
}

TEST(TerminalLog, LeavesOutWhatIsBelowTheLevel) {
  const test::ScopedEnv none("JOURNAL_STREAM", std::nullopt);
  const auto text = stderr_of(2, [] {
    const auto log = make_log(Level::kWarning);
    log->write(EventKind::kSignalDropped, "a");
    log->write(EventKind::kOrderSent, "b");
    log->write(EventKind::kContractSettled, "c");
    log->write(EventKind::kSessionLost, "d");
    log->write(EventKind::kStrategyHalted, "e");
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_THAT(text, HasSubstr("warning d\n"));
  EXPECT_THAT(text, HasSubstr("error   e\n"));
}

TEST(TerminalLog, VenueTextsCannotBreakLinesOrSteerTheTerminal) {
  const test::ScopedEnv none("JOURNAL_STREAM", std::nullopt);
  const auto text = stderr_of(1, [] {
    make_log(Level::kInfo)->write(EventKind::kSessionLost, "a\nfake line\x1b[2Jx\x7f\xc2\x9b");
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, HasSubstr("a?fake line?[2Jx??\n"));
}

TEST(TerminalLog, AWholeTextIsWhole) {
  const test::ScopedEnv none("JOURNAL_STREAM", std::nullopt);
  const auto text = stderr_of(2, [] {
    const auto log = make_log(Level::kInfo);
    log->hide(core::Secret(std::string("pat_secret0123456789")));
    log->write_whole(EventKind::kReloadRefused,
                     std::string(300, 'x') + " up to 1000000000.00 pat_secret0123456789", "why");
    log->write(EventKind::kReloadRefused, std::string(300, 'y') + "1000000000.00");
  });
  EXPECT_THAT(text, HasSubstr(std::string(300, 'x') + " up to 1000000000.00 "));
  EXPECT_THAT(text, Not(HasSubstr("pat_secret")));
  EXPECT_THAT(text, HasSubstr("yy…\n")) << "what is cut says so";
}

TEST(TerminalLog, HidesTheTokenWhereverItStands) {
  const test::ScopedEnv none("JOURNAL_STREAM", std::nullopt);
  const core::Secret token("Ab3xY7kQ9pL2mN4");
  const auto text = stderr_of(3, [&] {
    const auto log = make_log(Level::kInfo);
    log->hide(token);
    core::Event e;
    e.kind = EventKind::kSessionRefused;
    e.text = "The token Ab3xY7kQ9pL2mN4 is invalid";
    log->write(e);
    e.text = "";
    e.reason = "xAb3xY7kQ9pL2mN4x";
    log->write(e);
    log->write(EventKind::kSessionLost,
               "wss://h/ws/demo?otp=abcDEF123&x=1 pat_" + std::string(40, 'k'));
  });
  EXPECT_THAT(text, Not(HasSubstr("Ab3xY7kQ9pL2mN4")));
  EXPECT_THAT(text, HasSubstr("The token [hidden] is invalid"));
  EXPECT_THAT(text, HasSubstr("session_refused: x[hidden]x"));
  EXPECT_THAT(text, HasSubstr("?otp=[hidden]&x=1 [hidden]\n"));
}

TEST(Redactor, MarkersInAnyCase) {
  const Redactor r;
  EXPECT_EQ(r.clean("Authorization: BEARER pat_1234abcd"), "Authorization: BEARER [hidden]");
  EXPECT_EQ(r.clean(R"({"authorize":"a1-Xyz","req_id":1})"),
            R"({"authorize":"[hidden]","req_id":1})");
  EXPECT_EQ(r.clean(R"({"authorize": "a1-Xyz"})"), R"({"authorize": "[hidden]"})");
  EXPECT_EQ(r.clean("PAT_x"), "[hidden]");
  EXPECT_EQ(r.clean("a token= and pat_ alone"), "a token= and pat_ alone");
  EXPECT_EQ(r.clean("tokens are fine"), "tokens are fine");
}

TEST(Redactor, ShortSecretsAreNotTakenFromOrdinaryWords) {
  Redactor r;
  r.hide(core::Secret("demo"));
  EXPECT_EQ(r.clean("demo"), "demo");
  r.hide(core::Secret("12345678"));
  EXPECT_EQ(r.clean("1234567812345678"), "[hidden][hidden]");
  EXPECT_EQ(r.clean("1234567"), "1234567");
}

TEST(Redactor, SecretsOfAnyCharactersWhereverTheyStand) {
  for (const std::string secret :
       {"Kx9-abcd.efgh", "two words 17", "schlüssel-größe", "tab\tand more"}) {
    Redactor r;
    r.hide(core::Secret(std::string(secret)));
    EXPECT_EQ(r.clean(secret), "[hidden]");
    EXPECT_EQ(r.clean("a " + secret + " b"), "a [hidden] b");
    EXPECT_EQ(r.clean("x" + secret), "x[hidden]") << "within a longer word";
    EXPECT_EQ(r.clean(secret + "y" + secret), "[hidden]y[hidden]");
    EXPECT_EQ(r.clean(secret.substr(0, secret.size() - 1)).find("[hidden]"), std::string::npos);
  }
}

TEST(Redactor, Utf8) {
  const Redactor r;
  EXPECT_EQ(r.clean("Größe €😀"), "Größe €😀");
  EXPECT_EQ(r.clean("\xff\xc3"), "??");
  EXPECT_EQ(r.clean("\xed\xa0\x80"), "???");       // a surrogate
  EXPECT_EQ(r.clean("\xc0\xafx"), "??x");          // overlong
  EXPECT_EQ(r.clean("\xf4\x90\x80\x80"), "????");  // above U+10FFFF
  EXPECT_EQ(cut_utf8("aß", 2), "a");
  EXPECT_EQ(cut_utf8("aß", 3), "aß");
  EXPECT_EQ(cut_utf8("abc", 2), "ab");
}

core::Event of(EventKind kind, const char* strategy = "") {
  core::Event e;
  e.kind = kind;
  e.strategy = strategy;
  return e;
}

TEST(Log, WhatLeavesByAnotherWayIsCleanedAlike) {
  const auto log = make_log(Level::kError);
  const core::Secret token(std::string("abcdEFGH12345678abcd"));
  EXPECT_EQ(log->clean("refused: abcdEFGH12345678abcd"), "refused: abcdEFGH12345678abcd");
  log->hide(token);
  EXPECT_EQ(log->clean("refused: abcdEFGH12345678abcd\n!"), "refused: [hidden]?!");
  EXPECT_EQ(log->clean("the token pat_abcdef0123456789abcdef is none").find("pat_abcdef"),
            std::string::npos);
}

TEST(RepeatLimiter, LetsSomeThroughThenCounts) {
  RepeatLimiter limiter;
  core::Instant now{1'000'000'000};
  const auto event = of(EventKind::kOrderDenied, "a");
  for (int i = 0; i < RepeatLimiter::kBurst; ++i) {
    EXPECT_TRUE(limiter.admit(event, now).write) << i;
  }
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(limiter.admit(event, now).write);
  EXPECT_TRUE(limiter.admit(of(EventKind::kOrderDenied, "b"), now).write);
  now = now + RepeatLimiter::kWindow - std::chrono::nanoseconds(1);
  EXPECT_FALSE(limiter.admit(event, now).write);
  now = now + std::chrono::nanoseconds(1);
  const auto verdict = limiter.admit(event, now);
  EXPECT_TRUE(verdict.write);
  EXPECT_EQ(verdict.held_back, 8u);
  EXPECT_EQ(limiter.admit(event, now).held_back, 0u);
}

TEST(RepeatLimiter, NeverHoldsBackALifeOfAnOrder) {
  RepeatLimiter limiter;
  for (const auto kind :
       {EventKind::kOrderSent, EventKind::kContractBought, EventKind::kContractSettled,
        EventKind::kStrategyHalted, EventKind::kOrderUnknown, EventKind::kSettlementMismatch}) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter.admit(of(kind, "a"), {5}).write);
  }
}

TEST(RepeatLimiter, TheCountIsToldWhenARepetitionEnds) {
  RepeatLimiter limiter;
  core::Instant now{1'000'000'000};
  auto event = of(EventKind::kTickGap, "a");
  for (int i = 0; i < RepeatLimiter::kBurst + 7; ++i) {
    event.text = core::Text(fmt::format("gap {}", i));
    limiter.admit(event, now);
  }
  limiter.admit(of(EventKind::kTickGap, "quiet"), now);
  EXPECT_TRUE(limiter.take_rests(now + RepeatLimiter::kWindow / 2).empty()) << "it may go on";
  const auto rests = limiter.take_rests(now + RepeatLimiter::kWindow);
  ASSERT_EQ(rests.size(), 1u);
  EXPECT_EQ(rests[0].held_back, 7u);
  EXPECT_EQ(rests[0].last.text, "gap 11");
  EXPECT_TRUE(limiter.take_rests(now + RepeatLimiter::kWindow * 2).empty()) << "told twice";
  EXPECT_EQ(limiter.size(), 0u);
}

TEST(RepeatLimiter, AtTheEndOfTheLogEveryCountIsTold) {
  RepeatLimiter limiter;
  for (int i = 0; i < 8; ++i) limiter.admit(of(EventKind::kSessionLost, ""), {5});
  const auto rests = limiter.take_rests({6}, true);
  ASSERT_EQ(rests.size(), 1u);
  EXPECT_EQ(rests[0].held_back, 3u);
}

TEST(RepeatLimiter, WhatFloodsIsHeldBack) {
  RepeatLimiter limiter;
  int foreign = 0;
  int states = 0;
  for (int i = 1; i <= 100; ++i) {
    auto contract = of(EventKind::kForeignContract, "");
    contract.contract_id = core::ContractId{i};
    foreign += limiter.admit(contract, {5}).write;
    auto state = of(EventKind::kSessionState, "");
    state.state = i % 2 == 0 ? "offline" : "connecting";
    states += limiter.admit(state, {5}).write;
  }
  EXPECT_EQ(foreign, RepeatLimiter::kBurst);
  EXPECT_EQ(states, 2 * RepeatLimiter::kBurst) << "each state counts for itself";
}

TEST(RepeatLimiter, ItsMemoryIsBounded) {
  RepeatLimiter limiter;
  for (int i = 0; i < 10'000; ++i) {
    limiter.admit(of(EventKind::kForeignContract, fmt::format("s{}", i).c_str()), {i});
  }
  EXPECT_LE(limiter.size(), RepeatLimiter::kMaxKeys);
}

// ---- a journal of our own ----

/// Parses the native protocol: NAME=value\n, or NAME\n, 8 bytes of length, value, \n.
std::map<std::string, std::string> parse_datagram(std::string_view data) {
  std::map<std::string, std::string> out;
  while (!data.empty()) {
    const auto end = data.find('\n');
    const auto line = data.substr(0, end);
    data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
    if (const auto equals = line.find('='); equals != std::string_view::npos) {
      out[std::string(line.substr(0, equals))] = line.substr(equals + 1);
      continue;
    }
    std::uint64_t size = 0;
    if (data.size() < 8) break;
    std::memcpy(&size, data.data(), 8);
    out[std::string(line)] = data.substr(8, size);
    data.remove_prefix(std::min(data.size(), 8 + size + 1));
  }
  return out;
}

/// In a child with a /run of its own, so that no real journal is touched. Exit code 77: not
/// possible.
int log_to_fake_journal(const std::string& result, void (*say)(Log& log)) {
  const auto uid = ::geteuid();
  if (::unshare(CLONE_NEWNS | (uid == 0 ? 0 : CLONE_NEWUSER)) != 0) return 77;
  if (uid != 0) test::write_file("/proc/self/uid_map", fmt::format("0 {} 1", uid));
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
  if (::mount("derivd-test", "/run", "tmpfs", 0, nullptr) != 0) return 77;
  std::filesystem::create_directories("/run/systemd/journal");
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "/run/systemd/journal/socket");
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
  struct stat info {};
  ::fstat(STDERR_FILENO, &info);
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", info.st_dev, info.st_ino).c_str(), 1);
  say(*make_log(Level::kInfo));
  std::array<char, 65536> buffer;
  const timeval patience{20, 0};  // the log's thread may come later than its end
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (n <= 0) return 2;
  // What the end waits for: once it is taken the entry before it is filed, with its unit.
  char nothing = 0;
  if (::recv(fd, &nothing, 1, 0) != 0) return 3;
  test::write_file(result, std::string(buffer.data(), static_cast<std::size_t>(n)));
  return 0;
}

/// The fields of what was said; nothing where no name space of its own can be had.
std::map<std::string, std::string> journaled(void (*say)(Log& log)) {
  test::TempDir dir;
  const auto result = dir.file("datagram");
  std::filesystem::permissions(dir.path(), std::filesystem::perms::all);
  const auto child = ::fork();
  if (child == 0) ::_exit(log_to_fake_journal(result, say));
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) return {};
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return parse_datagram(test::read_file(result));
}

TEST(JournaldLog, AWholeTextIsWhole) {
  const auto fields = journaled([](Log& log) {
    log.write_whole(EventKind::kConfigInvalid, "not starting: " + std::string(500, 'x') + " end",
                    std::string(400, 'y') + " up to 1000000000.00");
  });
  if (fields.empty()) GTEST_SKIP() << "no mount name space of its own here";
  EXPECT_THAT(fields.at("MESSAGE"), ::testing::EndsWith("xx end"));
  EXPECT_THAT(fields.at("DERIVD_REASON"), ::testing::EndsWith(" up to 1000000000.00"));
  EXPECT_EQ(fields.at("PRIORITY"), "3");
}

TEST(JournaldLog, SendsMessageAndFields) {
  const auto fields = journaled([](Log& log) { log.write(settled()); });
  if (fields.empty()) GTEST_SKIP() << "no mount name space of its own here";
  EXPECT_EQ(fields.at("MESSAGE"), "parity: won 0.33");
  for (const auto& [name, value] : fields_of(settled())) {
    ASSERT_TRUE(fields.count(std::string(name))) << name;
    EXPECT_EQ(fields.at(std::string(name)), value);
  }
  EXPECT_FALSE(fields.count("CODE_FILE"));
}

}  // namespace
}  // namespace derivd::service

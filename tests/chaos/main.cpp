// Two ways in: as a test program (GoogleTest's arguments), and with --runs or --seed as the tool
// that looks for failing seeds:
//
//   chaos_runs --runs 100000 [--first-seed 1] [--sqlite DIR]   runs, figures, shrunk failures
//   chaos_runs --seed 42 [--mask N] [--seconds S] [--trace]    one run, told line by line
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include "shrink.hpp"
#include "world.hpp"

namespace derivd::chaos {
namespace {

struct Arguments {
  std::map<std::string, std::string, std::less<>> values;
  std::uint64_t number(std::string_view name, std::uint64_t fallback) const {
    const auto it = values.find(name);
    return it == values.end() ? fallback : std::stoull(it->second);
  }
  bool has(std::string_view name) const { return values.contains(name); }
};

Arguments parse(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--", 2) != 0) continue;
    const bool value = i + 1 < argc && std::strncmp(argv[i + 1], "--", 2) != 0;
    out.values[argv[i] + 2] = value ? argv[i + 1] : "";
  }
  return out;
}

int one(const Arguments& a) {
  const auto s = scenario(a.number("seed", 1), a.number("mask", kAllKinds),
                          static_cast<std::int64_t>(a.number("seconds", 0)));
  Trace trace;
  if (a.has("trace")) trace = [](std::string_view line) { fmt::print("{}\n", line); };
  const auto out = run(s, {}, trace);
  fmt::print("{}", describe(out));
  return out.violations.empty() ? 0 : 1;
}

int many(const Arguments& a) {
  using Clock = std::chrono::steady_clock;
  const auto first = a.number("first-seed", 1);
  const auto runs = a.number("runs", 1000);
  const auto budget = std::chrono::seconds(a.number("budget", 1'000'000));
  const auto file = a.has("sqlite") ? a.values.find("sqlite")->second + "/chaos.db" : std::string{};
  const auto begin = Clock::now();
  std::array<std::uint64_t, kKinds> faults{};
  std::int64_t venue_s = 0;
  std::size_t contracts = 0, foreign = 0, processes = 0, links = 0, ambiguous = 0, failed = 0;
  std::uint64_t done = 0;
  for (; done < runs && Clock::now() - begin < budget; ++done) {
    const auto s = scenario(first + done);
    for (const char* suffix : {"", "-wal", "-shm", "-lock", "-intents"}) {
      if (!file.empty()) std::filesystem::remove(file + suffix);
    }
    const auto out = run(s, file);
    venue_s += out.venue_s;
    contracts += out.contracts;
    foreign += out.foreign;
    processes += out.processes;
    links += out.links;
    ambiguous += out.ambiguous;
    for (std::size_t i = 0; i < kKinds; ++i) faults[i] += out.faults[i];
    if (out.ambiguous > 0) fmt::print("seed {}: an order was ambiguous\n", out.seed);
    if (out.violations.empty()) continue;
    ++failed;
    fmt::print("FAILED {}", describe(out));
    if (failed <= a.number("shrink", 3)) fmt::print("  smallest: {}", describe(shrink(s)));
    if (failed >= a.number("max-failures", 20)) break;
  }
  const auto seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto hours = static_cast<double>(venue_s) / 3'600;
  fmt::print("{} runs in {:.1f} s: {:.1f} runs/s, {:.0f} venue hours, {:.0f} venue hours/minute\n",
             done, seconds, static_cast<double>(done) / seconds, hours, hours * 60 / seconds);
  fmt::print("{} contracts, {} foreign, {} processes, {} links, {} ambiguous, {} failed seeds\n",
             contracts, foreign, processes, links, ambiguous, failed);
  fmt::print("faults (venue kinds: runs in which they were on):");
  for (std::size_t i = 0; i < kKinds; ++i) {
    fmt::print(" {}={}", name_of(static_cast<Kind>(i)), faults[i]);
  }
  fmt::print("\n");
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace derivd::chaos

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a failure shows at once
  const auto arguments = derivd::chaos::parse(argc, argv);
  if (arguments.has("runs")) return derivd::chaos::many(arguments);
  if (arguments.has("seed")) return derivd::chaos::one(arguments);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

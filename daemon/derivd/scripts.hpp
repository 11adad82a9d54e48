// Owns the processes of the daemon's scripts: their channels on the loop, what waits to be sent,
// their ends. The trader feeds it, and hears of answers between two events. It never waits for a
// process, and none can make it keep more than a bound.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/script_process.hpp"
#include "common/scripts.hpp"

namespace derivd::daemon {

class ScriptProcesses final : public Scripts {
 public:
  /// What a process said, or what is to be said of its end (a Failure). Between two events.
  using Hear =
      std::function<void(const core::Name&, std::uint64_t run, const script::FromScript& message)>;

  ScriptProcesses(boost::asio::io_context& io, Hear hear);
  ~ScriptProcesses() override;

  void start(const engine::StartScript& action) override;
  void stop(const engine::StopScript& action) override;
  void feed(const engine::FeedScript& action) override;
  void flush() override;
  /// A tick is foreseen: each process runs once, for nothing, what a tick will run, and its answer
  /// is thrown away. One that has something to do is left alone.
  void rehearse();

  /// Ended processes leave an entry with the kernel until somebody asks: from time to time.
  void reap();

 private:
  struct Process;
  void read(const std::shared_ptr<Process>& process);
  void take(const std::shared_ptr<Process>& process);
  void write(const std::shared_ptr<Process>& process);
  void fail(const std::shared_ptr<Process>& process, std::string text);
  void say(const std::shared_ptr<Process>& process, const script::FromScript& message);

  boost::asio::io_context& io_;
  Hear hear_;
  std::map<std::uint64_t, std::shared_ptr<Process>> processes_;  // by run
  std::vector<pid_t> ended_;                                     // not reaped yet
};

}  // namespace derivd::daemon

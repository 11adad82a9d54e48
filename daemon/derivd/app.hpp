// Owns the running daemon: the loop, the one timer, the signals and the joining of engine, session,
// journal, control socket and systemd. main() makes one and runs it. It decides nothing about
// trades: events go to the engine, its actions are performed in order.
#pragma once

#include <memory>
#include <string>

#include "config/config.hpp"
#include "core/secret.hpp"
#include "service/log.hpp"

namespace derivd::daemon {

/// Runs until stopped; returns the exit code of contract.md. `file` is where `config` came from: a
/// reload reads it again.
int run_daemon(const config::Config& config, const std::string& file, core::Secret token,
               service::Log& log);

}  // namespace derivd::daemon

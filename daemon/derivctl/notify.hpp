// Owns the command that asks whether the daemon's messages arrive: main() adds it to the others. It
// sends nothing itself, since the daemon alone has the addresses and their secrets.
#pragma once

#include "derivctl/command.hpp"

namespace derivd::ctl {

void add_notify(Commands& commands);  // notify test

}  // namespace derivd::ctl

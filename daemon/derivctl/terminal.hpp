// Owns the conversation with a person: questions on standard error, answers from standard input, a
// secret without echo. setup and token ask through it. It leaves the terminal as it found it on
// every way out, signals included, and never shows or keeps what was typed as a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/secret.hpp"

namespace derivd::ctl {

/// Standard input is a terminal: somebody can be asked.
bool is_interactive();

/// What an interrupt (Ctrl-C) is answered with before it ends the program, as it does all the same;
/// nullptr: nothing. `words` stay where they are: a literal.
void say_at_interrupt(const char* words);

/// One line of answer, without blanks around it; an empty one means `otherwise`. Error: the input
/// has ended, or the line is longer than 1000 bytes.
core::Result<std::string> ask_line(std::string_view question, std::string_view otherwise = {});

/// y, yes, n, no; an empty answer means `otherwise`. Three answers that are neither are a no.
core::Result<bool> ask_yes(std::string_view question, bool otherwise);

/// Typed without echo, in the form of a token. Error: as ask_line(), or what is no token.
core::Result<core::Secret> ask_secret(std::string_view question);

}  // namespace derivd::ctl

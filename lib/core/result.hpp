// Owns Result and Error, the way every fallible function of derivd reports. Any room returns them
// by value; run-time code never throws across a room's edge. It never carries a secret: texts end
// up in logs.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace derivd::core {

enum class ErrorKind {
  kInvalid,    // input that can never be right: a number, a name, a frame
  kNotFound,   // a file, an account, a contract that does not exist
  kIo,         // disk or network, may pass
  kTimeout,    // a bounded step ran out of time
  kProtocol,   // the peer broke its own protocol
  kRefused,    // the peer understood and said no
  kExhausted,  // a bound of ours was reached
};

struct Error {
  ErrorKind kind = ErrorKind::kInvalid;
  std::string text;  // one sentence: what, where, and the remedy if there is one
};

template <class T>
using Result = boost::system::result<T, Error>;

[[noreturn]] inline void throw_exception_from_error(const Error& e, const boost::source_location&) {
  throw std::runtime_error(e.text);
}

inline Error invalid(std::string text) { return Error{ErrorKind::kInvalid, std::move(text)}; }
inline Error io_error(std::string text) { return Error{ErrorKind::kIo, std::move(text)}; }
inline Error refused_error(std::string text) { return Error{ErrorKind::kRefused, std::move(text)}; }
inline Error protocol_error(std::string text) {
  return Error{ErrorKind::kProtocol, std::move(text)};
}

}  // namespace derivd::core

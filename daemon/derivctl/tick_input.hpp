// Owns the file that `ticks import` reads, as often as it needs to: a file, a pipe, or standard
// input. What can be read once only is kept in a temporary file without a name.
#pragma once

#include <memory>
#include <string>

#include "core/result.hpp"
#include "store/byte_source.hpp"

namespace derivd::ctl {

class TickInput final {
 public:
  /// `path` "-" is standard input. kNotFound: no such file; kIo: it cannot be read, or there is no
  /// room to keep it.
  static core::Result<TickInput> open(const std::string& path);
  const std::string& name() const { return name_; }
  /// Its bytes from the first on; one at a time.
  core::Result<std::unique_ptr<store::ByteSource>> from_start() const;

 private:
  TickInput(store::File file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
  store::File file_;
  std::string name_;
};

}  // namespace derivd::ctl

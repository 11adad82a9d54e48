#include "store/intent_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <cerrno>
#include <cstring>

#include "core/check.hpp"

namespace derivd::store {
namespace {

constexpr std::string_view kFileMagic = "derivdIL";
constexpr std::string_view kIntentsSuffix = "-intents";
constexpr std::uint32_t kFrameMagic = 0x31465444;  // "DTF1"
/// Frames begin at multiples of this, so that they can be looked for behind a damaged one.
constexpr std::uint64_t kAlign = 8;
/// What a reader asks the file for at once; a larger frame is asked for by itself.
constexpr std::size_t kReadBytes = 64U << 10U;
/// Places in the header of a region and in the header of a frame; docs/journal.md.
constexpr std::size_t kHeaderCrc = kLogHeaderBytes - 4;
constexpr std::size_t kFrameCrc = 24;

std::uint64_t aligned(std::uint64_t size) { return (size + kAlign - 1) / kAlign * kAlign; }

template <class T>
void write_number(std::string& out, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) {
    out[at + i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
  }
}

template <class T>
T read_number(std::string_view in, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(in[at + i])} << (8 * i);
  }
  return static_cast<T>(value);
}

/// Of a frame without its checksum, and of what it belongs to: what another journal, or an earlier
/// use of the region, has left behind is no frame.
std::uint32_t frame_crc(std::string_view frame, const LogRegion& region) {
  const std::array owner{region.identity.journal, region.generation};
  boost::crc_32_type crc;
  for (const auto number : owner) {
    for (unsigned i = 0; i < 8; ++i)
      crc.process_byte(static_cast<unsigned char>(number >> (8 * i)));
  }
  crc.process_bytes(frame.data(), kFrameCrc);
  crc.process_bytes(frame.data() + kLogFrameBytes, frame.size() - kLogFrameBytes);
  return crc.checksum();
}

std::uint32_t header_crc(std::string_view header) {
  boost::crc_32_type crc;
  crc.process_bytes(header.data(), kHeaderCrc);
  return crc.checksum();
}

std::string header_of(const LogRegion& region, std::uint32_t region_bytes) {
  std::string out(kLogHeaderBytes, '\0');
  std::copy(kFileMagic.begin(), kFileMagic.end(), out.begin());
  write_number(out, 8, kLogFormat);
  write_number(out, 12, region.identity.schema);
  write_number(out, 16, region.identity.journal);
  write_number(out, 24, region.generation);
  write_number(out, 32, region.first);
  write_number(out, 40, region_bytes);
  write_number(out, kHeaderCrc, header_crc(out));
  return out;
}

/// Empty: no whole frame is at the beginning of `bytes`. `needed`: how many bytes it says it has.
std::optional<LogFrame> frame_in(std::string_view bytes, const LogRegion& region,
                                 std::uint64_t longest, std::uint64_t* needed) {
  if (bytes.size() < kLogFrameBytes || read_number<std::uint32_t>(bytes, 0) != kFrameMagic)
    return {};
  const std::uint64_t size = std::uint64_t{kLogFrameBytes} + read_number<std::uint32_t>(bytes, 4);
  if (size > longest) return {};
  if (needed != nullptr) *needed = size;
  if (size > bytes.size()) return {};
  const auto frame = bytes.substr(0, size);
  if (read_number<std::uint32_t>(frame, kFrameCrc) != frame_crc(frame, region)) return {};
  return LogFrame{read_number<std::uint64_t>(frame, 8), read_number<std::int64_t>(frame, 16),
                  frame.substr(kLogFrameBytes)};
}

core::Error failed(const std::string& path, std::string_view what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return core::io_error(fmt::format("{}: {}: {}{}", path, what, std::strerror(error),
                                    full             ? "; the disk is full: make room (df)"
                                    : error == EROFS ? "; its file system is mounted read-only"
                                    : error == EACCES
                                        ? "; run this as root or as the owner of the file"
                                        : "; the disk failed: look at 'dmesg' and 'df'"));
}

class PosixLogFile final : public LogFile {
 public:
  PosixLogFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  PosixLogFile(const PosixLogFile&) = delete;
  PosixLogFile& operator=(const PosixLogFile&) = delete;
  ~PosixLogFile() override { ::close(fd_); }

  core::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    ssize_t n = 0;
    do {
      n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    } while (n < 0 && errno == EINTR);
    if (n < 0) return failed(path_, "cannot write", errno);
    // A disk at its end takes a part.
    if (static_cast<std::size_t>(n) != bytes.size()) return failed(path_, "cannot write", ENOSPC);
    return {};
  }
  core::Result<void> sync() override {
    int code = 0;
    do {
      code = ::fdatasync(fd_);
    } while (code != 0 && errno == EINTR);
    if (code != 0) return failed(path_, "cannot sync", errno);
    return {};
  }
  core::Result<std::size_t> read(std::uint64_t offset, char* to, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const auto n = ::pread(fd_, to + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed(path_, "cannot read", errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }
  core::Result<std::uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return failed(path_, "cannot read", errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  std::string path_;
  int fd_;
};

core::Result<void> sync_directory_of(const std::string& path) {
  const auto directory = path.substr(0, path.rfind('/') + 1);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool good = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!good) return failed(directory, "cannot sync", error);
  return {};
}

bool give_to_owner_of(const std::string& journal, int fd) {
  struct stat owner {};
  if (::geteuid() != 0 || ::stat(journal.c_str(), &owner) != 0) return true;
  return ::fchown(fd, owner.st_uid, owner.st_gid) == 0;
}

/// Written, not only made longer: later writes allocate nothing.
core::Result<void> fill_file(LogFile& file, const std::string& header, std::uint64_t size) {
  std::string zeros(kReadBytes, '\0');
  for (std::uint64_t at = 0; at < size; at += zeros.size()) {
    zeros.resize(std::min<std::uint64_t>(zeros.size(), size - at));
    if (auto done = file.write(at, zeros); !done) return done;
  }
  if (auto done = file.write(0, header); !done) return done;
  return file.sync();
}

}  // namespace

std::string intent_log_path(const std::string& journal_path) {
  return journal_path + std::string(kIntentsSuffix);
}

core::Result<std::unique_ptr<LogFile>> open_log_file(const std::string& path, LogAccess access) {
  const int mode = access == LogAccess::kWrite ? O_RDWR : O_RDONLY;
  // O_NONBLOCK: a pipe of that name must not stop the start.
  const int fd = ::open(path.c_str(), mode | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) {
    return core::Error{core::ErrorKind::kNotFound, path + ": missing"};
  }
  if (fd < 0 && errno == ELOOP) {
    return core::invalid(path + ": a symbolic link where the intent log belongs; remove it");
  }
  if (fd < 0) return failed(path, "cannot open", errno);
  auto file = std::make_unique<PosixLogFile>(path, fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return failed(path, "cannot open", errno);
  if (!S_ISREG(info.st_mode)) {
    return core::invalid(path + ": not a regular file where the intent log belongs; move it away");
  }
  return std::unique_ptr<LogFile>(std::move(file));
}

core::Result<void> create_intent_log(const std::string& path, const LogIdentity& identity,
                                     std::uint64_t first, std::uint32_t region_bytes) {
  const auto fresh = path + "-new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return failed(path, "cannot create", errno);
  PosixLogFile file(path, fd);
  if (path.ends_with(kIntentsSuffix) &&
      !give_to_owner_of(path.substr(0, path.size() - kIntentsSuffix.size()), fd)) {
    const auto error = failed(path, "cannot give it to the journal's owner", errno);
    ::unlink(fresh.c_str());
    return error;
  }
  const auto header = header_of({identity, 1, first}, region_bytes);
  if (auto done = fill_file(file, header, std::uint64_t{region_bytes} * 2); !done) {
    ::unlink(fresh.c_str());
    return done;
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed(path, "cannot create", errno);
  return sync_directory_of(path);
}

// ---- reading ----

core::Result<LogReader> LogReader::open(LogFile& file) {
  LogReader reader(file);
  if (auto done = reader.read_headers(); !done) return done.error();
  return reader;
}

core::Result<void> LogReader::read_headers() {
  const auto size = file_->size();
  if (!size) return size.error();
  if (*size == 0) return core::invalid("is empty");
  const auto region_bytes = *size / 2;
  if (*size % 2 != 0 || region_bytes <= kLogHeaderBytes || region_bytes > UINT32_MAX) {
    return core::invalid(fmt::format("has {} bytes, which no log has: it was cut off", *size));
  }
  region_bytes_ = static_cast<std::uint32_t>(region_bytes);
  for (std::size_t i = 0; i < 2; ++i) {
    std::string header(kLogHeaderBytes, '\0');
    const auto n = file_->read(i * region_bytes_, header.data(), header.size());
    if (!n) return n.error();
    regions_[i].reset();
    if (*n != header.size() || !header.starts_with(kFileMagic)) continue;
    const auto format = read_number<std::uint32_t>(header, 8);
    if (format > kLogFormat) {
      return core::invalid(fmt::format(
          "was written by a newer derivd (log format {}, this one knows {})", format, kLogFormat));
    }
    if (read_number<std::uint32_t>(header, kHeaderCrc) != header_crc(header)) continue;
    if (read_number<std::uint32_t>(header, 40) != region_bytes_) {
      return core::invalid("is shorter or longer than it was made: it was cut off");
    }
    regions_[i] =
        LogRegion{{read_number<std::uint64_t>(header, 16), read_number<std::uint32_t>(header, 12)},
                  read_number<std::uint64_t>(header, 24),
                  read_number<std::uint64_t>(header, 32)};
  }
  if (!regions_[0] && !regions_[1]) return core::invalid("is no intent log of derivd, or damaged");
  newest_ = !regions_[0] || (regions_[1] && regions_[1]->generation > regions_[0]->generation);
  region_ = newest_;
  offset_ = kLogHeaderBytes;
  expected_ = newest().first;
  return {};
}

std::uint64_t LogReader::oldest() const {
  const auto& other = regions_[1 - newest_];
  return other && other->identity.journal == newest().identity.journal
             ? std::min(other->first, newest().first)
             : newest().first;
}

core::Result<bool> LogReader::seek(std::uint64_t seq) {
  if (auto done = read_headers(); !done) return done.error();
  std::optional<std::size_t> from;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& r = regions_[i];
    if (!r || r->first > seq || r->identity.journal != newest().identity.journal) continue;
    if (!from || r->generation > regions_[*from]->generation) from = i;
  }
  if (!from) return false;
  region_ = *from;
  offset_ = kLogHeaderBytes;
  expected_ = regions_[region_]->first;
  while (expected_ < seq) {
    const auto frame = next();
    if (!frame) return frame.error();
    if (!*frame) return find(*from, seq);
  }
  return true;
}

/// What is damaged before it, nobody asked for. A region's frames have its own generation, and
/// those of the older one end where the newest begins, which seek() has seen to.
core::Result<bool> LogReader::find(std::size_t region, std::uint64_t seq) {
  if (!regions_[region]) return false;
  std::string all(region_bytes_, '\0');
  const auto n = file_->read(region * std::uint64_t{region_bytes_}, all.data(), all.size());
  if (!n) return n.error();
  for (std::uint64_t at = kLogHeaderBytes; at + kLogFrameBytes <= *n; at += kAlign) {
    const auto bytes = std::string_view(all).substr(at, *n - at);
    const auto frame = frame_in(bytes, *regions_[region], bytes.size(), nullptr);
    if (!frame || frame->seq != seq) continue;
    region_ = region;
    offset_ = at;
    expected_ = seq;
    return true;
  }
  return false;
}

std::string_view LogReader::window(std::uint64_t from) const {
  if (from < buffer_at_ || from >= buffer_at_ + buffer_.size()) return {};
  return std::string_view(buffer_).substr(from - buffer_at_);
}

core::Result<void> LogReader::fill(std::uint64_t from, std::size_t size) {
  const auto end = (region_ + 1) * std::uint64_t{region_bytes_};
  buffer_.resize(std::min<std::uint64_t>(size, end - from));
  buffer_at_ = from;
  const auto n = file_->read(from, buffer_.data(), buffer_.size());
  if (!n) return n.error();
  buffer_.resize(*n);
  return {};
}

/// What is in the window may be older than the file: without a frame there, the file is asked.
core::Result<std::optional<LogFrame>> LogReader::frame_here() {
  const auto from = region_ * std::uint64_t{region_bytes_} + offset_;
  const auto longest = region_bytes_ - offset_;
  const auto& region = *regions_[region_];
  std::uint64_t needed = 0;
  const auto look = [&]() -> std::optional<LogFrame> {
    auto frame = frame_in(window(from), region, longest, &needed);
    return frame && frame->seq == expected_ ? frame : std::nullopt;
  };
  if (auto frame = look()) return frame;
  if (auto done = fill(from, kReadBytes); !done) return done.error();
  if (auto frame = look()) return frame;
  if (needed <= buffer_.size()) return std::optional<LogFrame>{};
  if (auto done = fill(from, needed); !done) return done.error();
  return look();
}

/// Goes on in the other region when it is the one that comes next. Its header may be new.
core::Result<bool> LogReader::cross() {
  const auto here = region_;
  const auto offset = offset_;
  const auto expected = expected_;
  const auto generation = regions_[here]->generation;
  const auto journal = regions_[here]->identity.journal;
  if (auto done = read_headers(); !done) return done.error();
  const auto& other = regions_[1 - here];
  if (other && other->generation > generation && other->first == expected &&
      other->identity.journal == journal) {
    region_ = 1 - here;
    offset_ = kLogHeaderBytes;
    expected_ = expected;
    return true;
  }
  region_ = here;
  offset_ = offset;
  expected_ = expected;
  return false;
}

core::Result<std::optional<LogFrame>> LogReader::next() {
  for (;;) {
    if (kLogFrameBytes <= region_bytes_ - offset_) {
      auto frame = frame_here();
      if (!frame) return frame.error();
      if (*frame) {
        offset_ += aligned(kLogFrameBytes + (*frame)->payload.size());
        offset_ = std::min<std::uint64_t>(offset_, region_bytes_);
        ++expected_;
        return frame;
      }
    }
    const auto crossed = cross();
    if (!crossed) return crossed.error();
    if (!*crossed) return std::optional<LogFrame>{};
  }
}

/// Which owners the frames of region `i` can have: its own, or, when it was begun last and its
/// header was lost, the next generation, or the one behind it, which a start begins (go_on).
std::vector<LogRegion> LogReader::owners(std::size_t i) const {
  std::vector<LogRegion> out;
  if (regions_[i]) out.push_back(*regions_[i]);
  if (i == newest_) return out;
  for (const std::uint64_t next : {1, 2}) {
    out.push_back({newest().identity, newest().generation + next, newest().first});
  }
  return out;
}

core::Result<std::size_t> LogReader::count_beyond(std::uint64_t seq) {
  const auto from = std::max(expected_, seq + 1);
  std::size_t count = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    std::string all(region_bytes_, '\0');
    const auto n = file_->read(i * std::uint64_t{region_bytes_}, all.data(), all.size());
    if (!n) return n.error();
    const auto possible = owners(i);
    const auto counts = [&](std::string_view bytes, const LogRegion& owner) {
      const auto frame = frame_in(bytes, owner, bytes.size(), nullptr);
      // What follows the beginning of the newest region is not in an older one.
      const bool current =
          owner.generation >= newest().generation || (frame && frame->seq < newest().first);
      return frame && current && frame->seq >= from;
    };
    for (std::size_t at = kLogHeaderBytes; at + kLogFrameBytes <= *n; at += kAlign) {
      const auto bytes = std::string_view(all).substr(at, *n - at);
      count += std::ranges::any_of(possible, [&](const auto& o) { return counts(bytes, o); });
    }
  }
  return count;
}

// ---- writing ----

core::Result<std::unique_ptr<IntentLog>> IntentLog::go_on(std::unique_ptr<LogFile> file,
                                                          const LogReader& reader,
                                                          const LogIdentity& identity,
                                                          std::uint64_t next,
                                                          execution::Durability durability) {
  std::unique_ptr<IntentLog> log(new IntentLog(std::move(file), identity, durability));
  log->region_bytes_ = reader.region_bytes();
  log->region_ = reader.newest_index();
  // Frames of a region whose header a power failure took are of the next generation; this run's are
  // of the one behind it, so that they cannot be mixed up.
  log->generation_ = reader.newest().generation + 1;
  log->offset_ = kLogHeaderBytes;
  log->next_ = next;
  log->appended_ = log->freed_ = next - 1;
  log->frame_.reserve(kReadBytes);
  if (!reader.has_both()) {
    if (auto done = log->wipe(1 - log->region_); !done) return done.error();
  }
  if (auto done = log->begin_anew(); !done) return done.error();
  return log;
}

// A region without a header has frames of a generation that nobody knows.
core::Result<void> IntentLog::wipe(std::size_t region) {
  const std::string zeros(region_bytes_, '\0');
  return write(region * std::uint64_t{region_bytes_}, zeros);
}

std::string& IntentLog::begin() {
  frame_.assign(kLogFrameBytes, '\0');
  return frame_;
}

bool IntentLog::has_room(std::size_t bytes) const {
  const auto size = aligned(kLogFrameBytes + bytes);
  if (offset_ + size <= region_bytes_) return true;
  return freed_.load(std::memory_order_acquire) >= wanted_.load(std::memory_order_relaxed);
}

core::Result<void> IntentLog::write(std::uint64_t offset, std::string_view bytes) {
  auto done = file_->write(offset, bytes);
  if (done && durability_ == execution::Durability::kPower) done = file_->sync();
  // What is on the disk is not known any more: nothing is written behind it.
  if (!done) broken_ = done.error();
  return done;
}

core::Result<void> IntentLog::append(std::int64_t written_us) {
  if (broken_) return *broken_;
  const auto size = frame_.size();
  const auto room = aligned(size);
  if (kLogHeaderBytes + room > region_bytes_) {
    return core::io_error(fmt::format("an event of {} bytes is too large for the journal", size));
  }
  write_number(frame_, 0, kFrameMagic);
  write_number(frame_, 4, static_cast<std::uint32_t>(size - kLogFrameBytes));
  write_number(frame_, 8, next_);
  write_number(frame_, 16, written_us);
  auto at = offset_;
  const bool cross = offset_ + room > region_bytes_;
  if (cross) {
    if (freed_.load(std::memory_order_acquire) < wanted_.load(std::memory_order_relaxed)) {
      return core::io_error("the intent log is full, since the journal does not take its records");
    }
    region_ = 1 - region_;
    ++generation_;
  }
  write_number(frame_, kFrameCrc, frame_crc(frame_, {identity_, generation_, 0}));
  if (cross) {
    frame_.insert(0, header_of({identity_, generation_, next_}, region_bytes_));
    at = 0;
  }
  const auto start = region_ * std::uint64_t{region_bytes_} + at;
  if (auto done = write(start, frame_); !done) return done;
  if (cross) wanted_.store(next_ - 1, std::memory_order_release);
  offset_ = cross ? kLogHeaderBytes + room : offset_ + room;
  appended_.store(next_++, std::memory_order_release);
  return {};
}

core::Result<void> IntentLog::begin_anew() {
  if (broken_) return *broken_;
  DERIVD_CHECK(freed_.load() + 1 == next_, "a log is begun anew while the journal lacks of it");
  region_ = 1 - region_;
  const auto header = header_of({identity_, ++generation_, next_}, region_bytes_);
  offset_ = kLogHeaderBytes;
  wanted_ = next_ - 1;
  auto done = write(region_ * std::uint64_t{region_bytes_}, header);
  // Whatever the durability: the next region must not be there after a power failure without this.
  if (done && durability_ == execution::Durability::kProcess) done = file_->sync();
  return done;
}

}  // namespace derivd::store

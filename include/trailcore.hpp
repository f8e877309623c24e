/*
 * trailcore for C++17: the objects of trailcore.h with automatic lifetime, and errors as exceptions. Header only.
 *
 *     trailcore::Trail trail("dirdat/lt");
 *     trailcore::Reader reader(trail);
 *     while (auto block = reader.next_block(1000))
 *         for (std::size_t i = 0; i < block.size(); ++i)
 *             std::cout << block[i].json() << '\n';
 *
 * Borrowed values (changes, columns, string_views) are valid as long as their block, as trailcore.h states. For functions that
 * are not wrapped here, get() returns the C object.
 */
#ifndef TRAILCORE_HPP
#define TRAILCORE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trailcore.h"

namespace trailcore {

/* An error: a status, a text, and the location as far as it is known. */
class Error : public std::runtime_error {
  public:
    Error(tc_status status, const std::string &what) : std::runtime_error(what), status_(status) {}

    /* Takes an error object of the C library and frees it. */
    Error(tc_status status, tc_error *error) : std::runtime_error(message(status, error)), status_(status) {
        tc_location place;
        if (error && tc_error_location(error, &place) == TC_OK) {
            if (place.file.data) file_.emplace(place.file.data, place.file.length);
            if (place.has_rba) rba_ = place.rba;
            if (place.has_record) record_ = place.record;
        }
        tc_error_free(error);
    }

    tc_status status() const noexcept { return status_; }
    const std::optional<std::string> &file() const noexcept { return file_; }
    std::optional<std::uint64_t> rba() const noexcept { return rba_; }
    std::optional<std::uint64_t> record() const noexcept { return record_; }

  private:
    static std::string message(tc_status status, const tc_error *error) {
        return error ? tc_error_message(error) : tc_status_name(status);
    }

    tc_status status_;
    std::optional<std::string> file_;
    std::optional<std::uint64_t> rba_, record_;
};

namespace detail {

inline void check(tc_status status, tc_error *error = nullptr) {
    if (status != TC_OK) throw Error(status, error);
}

inline std::string_view view(tc_str text) {
    return text.data ? std::string_view(text.data, text.length) : std::string_view();
}

inline std::optional<std::string_view> optional_view(tc_str text) {
    return text.data ? std::optional<std::string_view>(std::string_view(text.data, text.length)) : std::nullopt;
}

template <typename T, void (*free_object)(T *)> struct Free {
    void operator()(T *object) const noexcept { free_object(object); }
};

template <typename T, void (*free_object)(T *)> using Handle = std::unique_ptr<T, Free<T, free_object>>;

} // namespace detail

/* Reusable memory for text. */
class Buffer {
  public:
    Buffer() {
        tc_buffer *buffer;
        detail::check(tc_buffer_new(&buffer));
        handle_.reset(buffer);
    }

    std::string_view text() const {
        tc_str text;
        detail::check(tc_buffer_text(handle_.get(), &text));
        return detail::view(text);
    }

    void clear() { detail::check(tc_buffer_clear(handle_.get())); }
    tc_buffer *get() const noexcept { return handle_.get(); }

  private:
    detail::Handle<tc_buffer, tc_buffer_free> handle_;
};

/* A selection of changes, in the language of parameter files. */
class Select {
  public:
    explicit Select(const std::string &source, const char *options = nullptr) {
        tc_select *select;
        tc_error *error;
        tc_status status = tc_select_parse(source.c_str(), options, &select, &error);
        detail::check(status, error);
        handle_.reset(select);
    }

    static Select from_file(const std::string &path, const char *options = nullptr) {
        tc_select *select;
        tc_error *error;
        tc_status status = tc_select_open(path.c_str(), options, &select, &error);
        detail::check(status, error);
        return Select(select);
    }

    std::string explain(const tc_table *table) const {
        Buffer buffer;
        detail::check(tc_select_explain(handle_.get(), table, buffer.get()));
        return std::string(buffer.text());
    }

    const tc_select *get() const noexcept { return handle_.get(); }

  private:
    explicit Select(tc_select *select) : handle_(select) {}
    detail::Handle<tc_select, tc_select_free> handle_;
};

/* A trail: a file, a prefix such as dirdat/lt, or a directory with one trail. */
class Trail {
  public:
    explicit Trail(const std::string &path) {
        tc_trail *trail;
        tc_error *error;
        tc_status status = tc_trail_open(path.c_str(), &trail, &error);
        detail::check(status, error);
        handle_.reset(trail);
    }

    std::uint64_t size() const {
        std::uint64_t size;
        tc_error *error;
        tc_status status = tc_trail_size(handle_.get(), &size, &error);
        detail::check(status, error);
        return size;
    }

    /* The same trail with a selection of its changes. */
    Trail with(const Select &select) const {
        tc_trail *trail;
        detail::check(tc_trail_with(handle_.get(), nullptr, select.get(), nullptr, nullptr, &trail));
        return Trail(trail);
    }

    const tc_trail *get() const noexcept { return handle_.get(); }

  private:
    explicit Trail(tc_trail *trail) : handle_(trail) {}
    detail::Handle<tc_trail, tc_trail_free> handle_;
};

/* One column of an image. It is valid as long as its block. */
class Column {
  public:
    explicit Column(const tc_column &column) : column_(column) {}

    std::size_t index() const noexcept { return column_.index; }
    tc_state state() const noexcept { return column_.state; }
    tc_type type() const noexcept { return column_.type; }
    bool is_null() const noexcept { return column_.state == TC_STATE_NULL; }
    bool is_missing() const noexcept { return column_.state == TC_STATE_MISSING; }

    std::int64_t i64() const {
        std::int64_t number;
        detail::check(tc_column_i64(&column_, &number));
        return number;
    }

    tc_decimal decimal() const {
        tc_decimal number;
        detail::check(tc_column_decimal(&column_, &number));
        return number;
    }

    std::string_view text() const {
        tc_str text;
        detail::check(tc_column_text(&column_, &text));
        return detail::view(text);
    }

    tc_datetime datetime() const {
        tc_datetime time;
        detail::check(tc_column_datetime(&column_, &time));
        return time;
    }

    /* The value as readable text. */
    std::string to_string() const {
        Buffer buffer;
        detail::check(tc_column_write(&column_, buffer.get()));
        return std::string(buffer.text());
    }

    const tc_column &get() const noexcept { return column_; }

  private:
    tc_column column_;
};

/* One change. It is valid as long as its block. */
class Change {
  public:
    explicit Change(const tc_change *change) : change_(change) {
        info_.size = sizeof info_;
        detail::check(tc_change_info_of(change, &info_));
    }

    tc_op op() const noexcept { return info_.op; }
    tc_position position() const noexcept { return info_.position; }
    std::int64_t timestamp() const noexcept { return info_.timestamp; }
    const tc_table *table() const noexcept { return info_.table; }

    std::string_view table_name() const {
        tc_str name;
        detail::check(tc_change_table_name(change_, &name));
        return detail::view(name);
    }

    std::optional<std::string_view> csn() const {
        tc_str csn;
        detail::check(tc_change_csn(change_, &csn));
        return detail::optional_view(csn);
    }

    std::optional<std::string_view> xid() const {
        tc_str xid;
        detail::check(tc_change_xid(change_, &xid));
        return detail::optional_view(xid);
    }

    /* The columns of an image, in trail order. */
    std::vector<Column> columns(tc_image image) const {
        std::vector<tc_column> found(16);
        for (;;) {
            std::size_t count;
            tc_error *error;
            tc_status status = tc_change_columns(change_, image, found.data(), found.size(), &count, &error);
            detail::check(status, error);
            bool whole = count <= found.size();
            found.resize(count);
            if (whole) return std::vector<Column>(found.begin(), found.end());
        }
    }

    Column column(tc_image image, const std::string &name) const {
        tc_column column;
        tc_error *error;
        tc_status status = tc_change_find_column(change_, image, name.c_str(), &column, &error);
        detail::check(status, error);
        return Column(column);
    }

    /* One line of native JSON. */
    std::string json() const {
        Buffer buffer;
        tc_error *error;
        tc_status status = tc_change_write_json(change_, buffer.get(), &error);
        detail::check(status, error);
        return std::string(buffer.text());
    }

    const tc_change *get() const noexcept { return change_; }

  private:
    const tc_change *change_;
    tc_change_info info_{};
};

/* An owned block of changes; empty, and false, at the end of a trail. */
class Block {
  public:
    explicit Block(tc_block *block) : handle_(block) {
        if (block) detail::check(tc_block_count(block, &size_));
    }

    explicit operator bool() const noexcept { return size() > 0; }
    std::size_t size() const noexcept { return handle_ ? size_ : 0; } /* 0 after a move */

    Change operator[](std::size_t index) const {
        const tc_change *change;
        detail::check(tc_block_change(handle_.get(), index, &change));
        return Change(change);
    }

    const tc_block *get() const noexcept { return handle_.get(); }

  private:
    detail::Handle<tc_block, tc_block_free> handle_;
    std::size_t size_ = 0;
};

/* Reads the changes of a trail. */
class Reader {
  public:
    /* `options` is a JSON document, such as {"resync":true}; docs/schema/read-options.json describes it. */
    explicit Reader(const Trail &trail, const char *options = nullptr) {
        tc_reader *reader;
        tc_error *error;
        tc_status status = tc_reader_open(trail.get(), options, &reader, &error);
        detail::check(status, error);
        handle_.reset(reader);
    }

    Reader(const Trail &trail, const Select &select, const char *options = nullptr) : Reader(trail.with(select), options) {}

    Block next_block(std::size_t most) {
        tc_block *block;
        tc_error *error;
        tc_status status = tc_reader_next_block(handle_.get(), most, &block, &error);
        detail::check(status, error);
        return Block(block);
    }

    tc_position position() {
        tc_position position;
        detail::check(tc_reader_position(handle_.get(), &position));
        return position;
    }

    tc_reader *get() const noexcept { return handle_.get(); }

  private:
    detail::Handle<tc_reader, tc_reader_free> handle_;
};

} // namespace trailcore

#endif /* TRAILCORE_HPP */

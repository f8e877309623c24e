/*
 * Sums a column of a table with the C++ wrapper: sums PATH TABLE COLUMN
 */
#include <cstdint>
#include <iostream>
#include <string>

#include <trailcore.hpp>

int main(int count, char **arguments) {
    if (count != 4) {
        std::cerr << "usage: sums PATH TABLE COLUMN\n";
        return 2;
    }
    try {
        const std::string table = arguments[2], column = arguments[3];
        trailcore::Trail trail(arguments[1]);
        trailcore::Reader reader(trail, trailcore::Select("TABLE " + table + ";"));
        std::int64_t sum = 0, rows = 0;
        unsigned scale = 0;
        while (auto block = reader.next_block(1000)) {
            for (std::size_t i = 0; i < block.size(); ++i) {
                trailcore::Change change = block[i];
                if (change.op() != TC_OP_INSERT) continue;
                trailcore::Column found = change.column(TC_IMAGE_AFTER, column);
                if (found.state() != TC_STATE_VALUE) continue;
                tc_decimal number = found.decimal();
                sum += static_cast<std::int64_t>(number.low); /* the sums of the sample fit in 64 bits */
                scale = number.scale;
                ++rows;
            }
        }
        std::cout << rows << " inserts, sum " << sum << "e-" << scale << '\n';
        return 0;
    } catch (const trailcore::Error &error) {
        std::cerr << "sums: " << error.what() << '\n';
        return 1;
    }
}

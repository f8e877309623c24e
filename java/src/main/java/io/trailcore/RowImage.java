package io.trailcore;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/**
 * An image of a row that is to be written: values by column name. Columns that are not set are missing from the image.
 * Whether they fit the table is looked at when the image is written. A call that throws leaves the image as it was.
 *
 * <pre>{@code
 * RowImage row = new RowImage().text("CODE", "EUR").decimal("RATE", new BigDecimal("7.8012")).nul("NOTE");
 * }</pre>
 */
public final class RowImage {
    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd:HH:mm:ss");

    private final Wire.Writer columns = new Wire.Writer();
    private int count;

    /** An image without columns. */
    public RowImage() {
    }

    /** Appends a column. Whatever can be wrong with name and value comes out before, so that the image stays whole. */
    private RowImage column(String name, int form, Wire.Writer value) {
        columns.append(new Wire.Writer().text(name).u8(form).append(value.toBytes()).toBytes());
        count++;
        return this;
    }

    byte[] message() {
        return new Wire.Writer().i32(count).append(columns.toBytes()).toBytes();
    }

    /**
     * Sets a column to NULL.
     *
     * @param name the column's name
     * @return this image
     */
    public RowImage nul(String name) {
        return column(name, 0, new Wire.Writer());
    }

    /**
     * Sets a column of text.
     *
     * @param name the column's name
     * @param text its text
     * @return this image
     * @throws IllegalArgumentException where the text has half of a surrogate pair, which is no Unicode text
     */
    public RowImage text(String name, String text) {
        return column(name, 1, new Wire.Writer().text(text));
    }

    /**
     * Sets a column that is stored as an integer. The number must fit its scale without loss.
     *
     * @param name the column's name
     * @param number its number
     * @return this image
     */
    public RowImage decimal(String name, BigDecimal number) {
        return column(name, 2, new Wire.Writer().text(number.toString()));
    }

    /**
     * The same with a whole number.
     *
     * @param name the column's name
     * @param number its number
     * @return this image
     */
    public RowImage integer(String name, long number) {
        return column(name, 2, new Wire.Writer().text(Long.toString(number)));
    }

    /**
     * Sets a column of digits that is stored as text. The digits are kept as they are.
     *
     * @param name the column's name
     * @param digits its number
     * @return this image
     */
    public RowImage number(String name, String digits) {
        return column(name, 3, new Wire.Writer().text(digits));
    }

    /**
     * Sets a column of dates with times.
     *
     * @param name the column's name
     * @param time its date and time
     * @param fraction how many digits of a second are written, 0 to 9; the rest is cut off
     * @return this image
     */
    public RowImage dateTime(String name, LocalDateTime time, int fraction) {
        String digits = String.format(java.util.Locale.ROOT, "%09d", time.getNano());
        return dateText(name, SECONDS.format(time) + (fraction == 0 ? "" : "." + digits.substring(0, fraction)));
    }

    /**
     * Sets a column of dates.
     *
     * @param name the column's name
     * @param date its date
     * @return this image
     */
    public RowImage date(String name, LocalDate date) {
        return dateText(name, date.toString());
    }

    /**
     * Sets a column of dates from the trail's own text.
     *
     * @param name the column's name
     * @param text {@code YYYY-MM-DD}, or with {@code :HH:MI:SS} and up to nine fraction digits
     * @return this image
     */
    public RowImage dateText(String name, String text) {
        return column(name, 4, new Wire.Writer().text(text));
    }

    /**
     * Sets a column of bytes.
     *
     * @param name the column's name
     * @param bytes its bytes
     * @return this image
     */
    public RowImage bytes(String name, byte[] bytes) {
        return column(name, 5, new Wire.Writer().bytes(bytes));
    }
}

package io.trailcore;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/**
 * An image of a row to write: values by column name. Columns that are not set are missing from the image. The values are
 * checked against the table when the image is written. A call that throws leaves the image unchanged.
 *
 * <pre>{@code
 * RowImage row = new RowImage().text("CODE", "EUR").decimal("RATE", new BigDecimal("7.8012")).nul("NOTE");
 * }</pre>
 */
public final class RowImage {
    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd:HH:mm:ss");

    private final Wire.Writer columns = new Wire.Writer();
    private int count;

    /** Creates an image without columns. */
    public RowImage() {
    }

    /** Appends a column. Encodes name and value first, so that an exception leaves the image unchanged. */
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
     * @param name the name of the column
     * @return this image
     */
    public RowImage nul(String name) {
        return column(name, 0, new Wire.Writer());
    }

    /**
     * Sets a text column.
     *
     * @param name the name of the column
     * @param text the text
     * @return this image
     * @throws IllegalArgumentException if the text has an unpaired surrogate
     */
    public RowImage text(String name, String text) {
        return column(name, 1, new Wire.Writer().text(text));
    }

    /**
     * Sets a column that is stored as an integer. The number must fit the scale of the column without loss.
     *
     * @param name the name of the column
     * @param number the number
     * @return this image
     */
    public RowImage decimal(String name, BigDecimal number) {
        return column(name, 2, new Wire.Writer().text(number.toString()));
    }

    /**
     * Sets a column that is stored as an integer to a {@code long}.
     *
     * @param name the name of the column
     * @param number the number
     * @return this image
     */
    public RowImage integer(String name, long number) {
        return column(name, 2, new Wire.Writer().text(Long.toString(number)));
    }

    /**
     * Sets a number column that is stored as text. The digits are written unchanged.
     *
     * @param name the name of the column
     * @param digits the digits
     * @return this image
     */
    public RowImage number(String name, String digits) {
        return column(name, 3, new Wire.Writer().text(digits));
    }

    /**
     * Sets a column of dates with times.
     *
     * @param name the name of the column
     * @param time the date and time
     * @param fraction the number of fraction digits of the seconds to write, 0 to 9; the rest is cut off
     * @return this image
     */
    public RowImage dateTime(String name, LocalDateTime time, int fraction) {
        String digits = String.format(java.util.Locale.ROOT, "%09d", time.getNano());
        return dateText(name, SECONDS.format(time) + (fraction == 0 ? "" : "." + digits.substring(0, fraction)));
    }

    /**
     * Sets a column of dates.
     *
     * @param name the name of the column
     * @param date the date
     * @return this image
     */
    public RowImage date(String name, LocalDate date) {
        return dateText(name, date.toString());
    }

    /**
     * Sets a column of dates from text in the format of the trail.
     *
     * @param name the name of the column
     * @param text {@code YYYY-MM-DD}, or with {@code :HH:MI:SS} and up to nine fraction digits
     * @return this image
     */
    public RowImage dateText(String name, String text) {
        return column(name, 4, new Wire.Writer().text(text));
    }

    /**
     * Sets a binary column.
     *
     * @param name the name of the column
     * @param bytes the bytes
     * @return this image
     */
    public RowImage bytes(String name, byte[] bytes) {
        return column(name, 5, new Wire.Writer().bytes(bytes));
    }
}

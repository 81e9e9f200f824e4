package partman.sidecar.model;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A version of PostgreSQL or of an extension: {@code 5.2.4}, {@code 18beta1}. It ends where its numbers do. */
public record Version(List<Integer> numbers) implements Comparable<Version> {

    private static final Pattern NUMBER = Pattern.compile("(\\d{1,9})\\.?");

    public Version {
        numbers = List.copyOf(numbers);
    }

    /** Reads the numbers that the text begins with. */
    public static Version parse(String text) {
        List<Integer> numbers = new ArrayList<>();
        Matcher number = NUMBER.matcher(text);
        while (number.lookingAt()) {
            numbers.add(Integer.valueOf(number.group(1)));
            number.region(number.end(), text.length());
        }
        return new Version(numbers);
    }

    public int major() {
        return at(0);
    }

    private int at(int position) {
        return position < numbers.size() ? numbers.get(position) : 0;
    }

    @Override
    public int compareTo(Version other) {
        for (int i = 0; i < Math.max(numbers.size(), other.numbers.size()); i++) {
            int difference = Integer.compare(at(i), other.at(i));
            if (difference != 0) {
                return difference;
            }
        }
        return 0;
    }
}

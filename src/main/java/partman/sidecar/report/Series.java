package partman.sidecar.report;

import io.micrometer.core.instrument.Tag;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One line of a scrape without its value; the label values are in the order of the metric's labels. */
record Series(Metric metric, List<String> labelValues) {

    Series {
        if (labelValues.size() != metric.labels().size()) {
            throw new IllegalArgumentException(metric + " has the labels " + metric.labels() + ", not " + labelValues);
        }
    }

    /** Written out, since a native executable interprets a record's own: each scrape looks up every series. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof Series series
                        && metric == series.metric
                        && labelValues.equals(series.labelValues));
    }

    @Override
    public int hashCode() {
        return 31 * metric.hashCode() + labelValues.hashCode();
    }

    List<Tag> tags() {
        List<Tag> tags = new ArrayList<>();
        for (int i = 0; i < labelValues.size(); i++) {
            tags.add(Tag.of(metric.labels().get(i).label(), labelValues.get(i)));
        }
        return tags;
    }
}

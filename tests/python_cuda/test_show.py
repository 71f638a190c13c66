"""A look at a batch that stays on a device."""

import fuelrail as fr


def test_what_lies_on_a_device_is_copied_to_be_seen(load):
    for column in ["image", "mask"]:
        on_device, on_host = (next(iter(load(device))) for device in ["cuda", "cpu"])
        assert on_device[column].device == "cuda:0"
        shown, expected = (fr.show(batch, column) for batch in [on_device, on_host])
        assert (shown.caption, shown.png()) == (expected.caption, expected.png())

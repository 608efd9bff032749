"""The look: spruce on cool stone, set in two fonts that gradio ships itself, so nothing is fetched from outside."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import fonts, sizes

SPRUCE = gr.themes.Color("#eaf6f1", "#d3ece3", "#a9dccb", "#7acdb4", "#48b096", "#1f8a71", "#0f6f5a", "#0b5848",
                         "#0a463a", "#08372e", "#05231e", name="spruce")
STONE = gr.themes.Color("#f7f9f8", "#eef2f0", "#dfe6e3", "#c5cfcb", "#95a39e", "#687671", "#4f5d58", "#3a4642",
                        "#242e2b", "#171f1d", "#0e1413", name="stone")


class Studio(gr.themes.Base):
    def __init__(self) -> None:
        super().__init__(
            primary_hue=SPRUCE, secondary_hue=SPRUCE, neutral_hue=STONE,
            radius_size=sizes.radius_lg, text_size=sizes.text_md,
            # 400 and 700 only: the SemiBold files that gradio 6.31 ships hold no Latin letters.
            font=(fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "ui-sans-serif", "system-ui", "sans-serif",
                  fonts.LocalFont("Quicksand", weights=(400, 700))),  # last: only the headings in style.css ask for it
            font_mono=(fonts.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"),
        )
        self.name = "studio"
        card, line = "white", "*neutral_200"
        card_dark, line_dark = "#161e1c", "#2b3734"
        super().set(
            body_background_fill="*neutral_50", body_background_fill_dark="*neutral_950",
            body_text_color="#14201c", body_text_color_dark="#e4ece9",
            body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="#a3b2ad",
            background_fill_primary=card, background_fill_primary_dark=card_dark,
            background_fill_secondary="*neutral_100", background_fill_secondary_dark="#1b2422",
            border_color_primary=line, border_color_primary_dark=line_dark,
            border_color_accent="*primary_600", border_color_accent_dark="*primary_300",
            color_accent="*primary_600", color_accent_soft="*primary_50", color_accent_soft_dark="#12302a",
            link_text_color="*primary_700", link_text_color_dark="*primary_300",
            link_text_color_hover="*primary_800", link_text_color_hover_dark="*primary_200",
            # Fields float on the page: no card around every single one.
            block_background_fill="transparent", block_background_fill_dark="transparent",
            block_border_width="0px", block_border_width_dark="0px", block_shadow="none", block_shadow_dark="none",
            block_padding="0px", block_radius="12px", form_gap_width="0px", layout_gap="20px",
            block_title_text_weight="600", block_title_text_size="13px",
            block_title_text_color="*body_text_color", block_title_text_color_dark="*body_text_color",
            block_title_background_fill="transparent", block_title_background_fill_dark="transparent",
            block_title_border_width="0px", block_title_padding="0", block_title_border_width_dark="0px",
            block_info_text_size="12px", block_info_text_color="*body_text_color_subdued",
            block_info_text_color_dark="*body_text_color_subdued",
            block_label_text_color="*body_text_color", block_label_text_color_dark="*body_text_color",
            block_label_background_fill=card, block_label_background_fill_dark=card_dark,
            block_label_text_size="12px", block_label_text_weight="600",
            input_background_fill=card, input_background_fill_dark=card_dark,
            input_background_fill_focus=card, input_background_fill_focus_dark=card_dark,
            input_border_width="1px", input_border_width_dark="1px", input_radius="10px", input_padding="10px 12px",
            input_border_color="#8a9893", input_border_color_dark="#63726c",
            input_border_color_hover="*neutral_500", input_border_color_hover_dark="#84948e",
            input_border_color_focus="*primary_600", input_border_color_focus_dark="*primary_300",
            input_placeholder_color="*neutral_500", input_placeholder_color_dark="#93a39d",
            input_shadow="none", input_shadow_dark="none", input_shadow_focus="none", input_shadow_focus_dark="none",
            checkbox_background_color_selected="*primary_600", checkbox_background_color_selected_dark="*primary_500",
            checkbox_border_color="#7b8984", checkbox_border_color_dark="#6b7a75",
            checkbox_label_background_fill=card, checkbox_label_background_fill_dark=card_dark,
            checkbox_label_background_fill_selected="*primary_50", checkbox_label_background_fill_selected_dark="#12302a",
            checkbox_label_border_color="#8a9893", checkbox_label_border_color_dark="#63726c",
            checkbox_label_border_color_selected="*primary_600", checkbox_label_border_color_selected_dark="*primary_300",
            checkbox_label_text_color_selected="*primary_800", checkbox_label_text_color_selected_dark="*primary_200",
            slider_color="*primary_600", slider_color_dark="*primary_400", loader_color="*primary_600",
            button_large_radius="12px", button_medium_radius="10px", button_small_radius="10px",
            button_large_padding="13px 22px", button_large_text_size="16px", button_large_text_weight="600",
            button_small_padding="8px 14px", button_small_text_size="13px", button_small_text_weight="600",
            button_border_width="1px", button_border_width_dark="1px",
            button_primary_background_fill="*primary_700", button_primary_background_fill_dark="*primary_300",
            button_primary_background_fill_hover="*primary_800", button_primary_background_fill_hover_dark="*primary_200",
            button_primary_text_color="white", button_primary_text_color_dark="#062019",
            button_primary_border_color="transparent", button_primary_border_color_dark="transparent",
            button_secondary_background_fill=card, button_secondary_background_fill_dark=card_dark,
            button_secondary_background_fill_hover="*neutral_100", button_secondary_background_fill_hover_dark="#202b28",
            button_secondary_border_color="*neutral_300", button_secondary_border_color_dark="#3a4844",
            button_secondary_text_color="*body_text_color", button_secondary_text_color_dark="*body_text_color",
            error_background_fill="#fdf0ee", error_background_fill_dark="#2c1714",
            error_text_color="#9c2a1b", error_text_color_dark="#ffb4a8",
            error_border_color="#e9b9b1", error_border_color_dark="#6b342b",
        )

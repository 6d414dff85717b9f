"""What MIMIC-IV's words mean in the contract's NHS codes; where two could serve, the choice is explained."""

ADMISSION_METHOD = {
    "EW EMER.": "21",  # through the emergency department of this hospital
    "EU OBSERVATION": "21",  # observed in the emergency department
    "OBSERVATION ADMIT": "21",  # observed there, then admitted
    "DIRECT EMER.": "2D",
    "DIRECT OBSERVATION": "2D",
    "URGENT": "2D",
    "ELECTIVE": "11",
    "SURGICAL SAME DAY ADMISSION": "11",
    "AMBULATORY OBSERVATION": "13",  # kept in after a planned procedure
}
TRANSFER_LOCATION = "TRANSFER FROM HOSPITAL"
TRANSFER_METHODS = {"21": "2B", "2D": "2B", "11": "81", "13": "81"}  # a transfer is no new emergency

ADMISSION_SOURCE = {  # American places by what they are for: a hospital is 51, a nursing home 85
    "EMERGENCY ROOM": "19",
    "PHYSICIAN REFERRAL": "19",
    "CLINIC REFERRAL": "19",
    "WALK-IN/SELF REFERRAL": "19",
    "PROCEDURE SITE": "19",
    "PACU": "19",
    "AMBULATORY SURGERY TRANSFER": "19",
    "TRANSFER FROM HOSPITAL": "51",
    "INTERNAL TRANSFER TO OR FROM PSYCH": "53",
    "TRANSFER FROM SKILLED NURSING FACILITY": "85",
    "INFORMATION NOT AVAILABLE": "99",
}

DIED_METHOD, LEFT_METHOD, SELF_DISCHARGE_METHOD = "4", "1", "2"
DIED_DESTINATION = "79"
SELF_DISCHARGE = "AGAINST ADVICE"
DISCHARGE_DESTINATION = {
    "HOME": "19",
    "HOME HEALTH CARE": "19",
    "AGAINST ADVICE": "19",
    "ASSISTED LIVING": "19",
    "ACUTE HOSPITAL": "51",
    "HEALTHCARE FACILITY": "51",
    "REHAB": "51",
    "CHRONIC/LONG TERM ACUTE CARE": "51",
    "PSYCH FACILITY": "53",
    "SKILLED NURSING FACILITY": "85",
    "HOSPICE": "88",
    "DIED": "79",
    "OTHER FACILITY": "99",
    "": "99",  # not said, mostly after observation
}

SEX = {"M": "1", "F": "2"}

ETHNIC_CATEGORY = {  # only the five broad groups compare with British figures
    "WHITE": "C",
    "WHITE - BRAZILIAN": "C",
    "WHITE - EASTERN EUROPEAN": "C",
    "WHITE - OTHER EUROPEAN": "C",
    "WHITE - RUSSIAN": "C",
    "PORTUGUESE": "C",
    "MULTIPLE RACE/ETHNICITY": "G",
    "ASIAN - ASIAN INDIAN": "H",
    "ASIAN": "L",
    "ASIAN - KOREAN": "L",
    "ASIAN - SOUTH EAST ASIAN": "L",
    "BLACK/CARIBBEAN ISLAND": "M",
    "BLACK/AFRICAN": "N",
    "BLACK/CAPE VERDEAN": "N",
    "BLACK/AFRICAN AMERICAN": "P",
    "ASIAN - CHINESE": "R",
    "AMERICAN INDIAN/ALASKA NATIVE": "S",
    "HISPANIC OR LATINO": "S",
    "HISPANIC/LATINO - CENTRAL AMERICAN": "S",
    "HISPANIC/LATINO - COLUMBIAN": "S",
    "HISPANIC/LATINO - CUBAN": "S",
    "HISPANIC/LATINO - DOMINICAN": "S",
    "HISPANIC/LATINO - GUATEMALAN": "S",
    "HISPANIC/LATINO - HONDURAN": "S",
    "HISPANIC/LATINO - MEXICAN": "S",
    "HISPANIC/LATINO - PUERTO RICAN": "S",
    "HISPANIC/LATINO - SALVADORAN": "S",
    "NATIVE HAWAIIAN OR OTHER PACIFIC ISLANDER": "S",
    "OTHER": "S",
    "SOUTH AMERICAN": "S",
    "PATIENT DECLINED TO ANSWER": "Z",
    "UNABLE TO OBTAIN": "99",
    "UNKNOWN": "99",
}

TREATMENT_FUNCTION = {  # MIMIC-IV's services
    "SURG": "100",
    "GU": "101",
    "VSURG": "107",
    "ORTHO": "110",
    "TRAUM": "115",
    "ENT": "120",
    "EYE": "130",
    "DENT": "140",
    "NSURG": "150",
    "PSURG": "160",
    "CSURG": "172",
    "TSURG": "173",
    "MED": "300",
    "CMED": "320",
    "OMED": "370",
    "NMED": "400",
    "NB": "424",
    "OBS": "501",
    "GYN": "502",
    "PSYCH": "710",
}

UREA_NITROGEN_G_PER_MOL = 28.014  # two nitrogen atoms for each molecule of urea
CREATININE_G_PER_MOL = 113.12
LAB_EVENTS = {  # itemid: our name, MIMIC-IV's unit, and what makes the contract's unit of it
    "51222": ("haemoglobin", "g/dL", 10.0),
    "50983": ("sodium", "mEq/L", 1.0),
    "50971": ("potassium", "mEq/L", 1.0),
    "51006": ("urea", "mg/dL", 10.0 / UREA_NITROGEN_G_PER_MOL),
    "50912": ("creatinine", "mg/dL", 10_000.0 / CREATININE_G_PER_MOL),
    "50889": ("c_reactive_protein", "mg/L", 1.0),
    "51301": ("white_cells", "K/uL", 1.0),
    "50862": ("albumin", "g/dL", 10.0),
    "50813": ("lactate", "mmol/L", 1.0),
}

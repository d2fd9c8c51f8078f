<?cs # schedule_fragment.cs: the preview alone, while one types ?><?cs include!"macros.cs" ?><?cs include!"part_schedule.cs" ?><?cs include!"part_schedule_preview.cs" ?>

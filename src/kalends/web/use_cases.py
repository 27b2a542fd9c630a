"""The use cases of things with versions, which the API and the console share."""

from typing import Final

from kalends.domain.ids import EVENT_TYPE, MESSAGE_TEMPLATE, SCHEDULE
from kalends.services import event_types, message_templates, schedules
from kalends.web.http.versioned import UseCases

SCHEDULES: Final = UseCases(
    SCHEDULE,
    schedules.list_schedules,
    schedules.get_schedule,
    schedules.create_schedule,
    schedules.lock_schedule,
    schedules.update_schedule,
    schedules.delete_schedule,
)
EVENT_TYPES: Final = UseCases(
    EVENT_TYPE,
    event_types.list_event_types,
    event_types.get_event_type,
    event_types.create_event_type,
    event_types.lock_event_type,
    event_types.update_event_type,
    event_types.delete_event_type,
)
MESSAGE_TEMPLATES: Final = UseCases(
    MESSAGE_TEMPLATE,
    message_templates.list_templates,
    message_templates.get_template,
    message_templates.create_template,
    message_templates.lock_template,
    message_templates.update_template,
    message_templates.delete_template,
)
